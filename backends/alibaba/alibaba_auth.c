#include "backends/alibaba/alibaba_auth.h"

const AuthKeyNames alibaba_sts_names = {
	"AccessKeyId", "AccessKeySecret", "SecurityToken", "Expiration", TRUE};
const AuthKeyNames alibaba_cli_names = {
	"access_key_id", "access_key_secret", "sts_token", "expiration", FALSE};
