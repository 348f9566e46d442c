#pragma once

/* An RSA key of 2048 bits that signs nothing but tests. */
#define GOOGLE_TEST_KEY                                                        \
	"-----BEGIN PRIVATE KEY-----\n"                                        \
	"MIIEvwIBADANBgkqhkiG9w0BAQEFAASCBKkwggSlAgEAAoIBAQCU3LGms251cAid\n"   \
	"U8K/PNo8Z/i6fD62FlpB5mxewhj+c+bHrw0Vp8AVYR7OSUM65R0g5nBrRCuNNtpg\n"   \
	"+kYVd58ZiA2r09VYpBu7WasviU90kjwUich29cxY7QTN0pIpw+E1Lfey0UdIJGTf\n"   \
	"8bh/uPww3TTMHQRIZpZS4/S0oZmqGW0ANLKWiFrTfzm3/unPowlPR4DuwkXGE49f\n"   \
	"BMWwi509vTlCu/nJm807/wf9ssURpJiyf8/MDI3Y1RZE7p3B/AX4bKlrr2QkA12c\n"   \
	"TthRrUGl1mM+Ztd5ObGJtImQrZikeoKrHfaFWE8hnQ0eTVsVhDBxDHG1ajiXAiE9\n"   \
	"JdBvZPAjAgMBAAECggEADMiXCPXHupYQZ1JWGw4iv6U+GuWojQKGZbpf/BM3CkLx\n"   \
	"wpwpx35MZImel6B7AYfDZJvlc5C7HLllL4bOlfFb3Flusx7R53bQWtpsdPyZsi0M\n"   \
	"s8bRTEX3cnuIOhSnMKb9pA96ggSu1mcpsoGTkoRUQ+37JrwnLgCBUET7Mrfd9llv\n"   \
	"FjwSslGAvdexzm+4w9mnb55duyNIMlP0leA7NXyqBAWZmB+ubdtGV6wGruHOLe2E\n"   \
	"yIvmlpuDEUByp+IeI7fH0/SL8N+YtAaMpf9GmnvDVPXbIJNf5iw+MoHELGaJn49o\n"   \
	"grpeYJ5LTo2JzN/l5iDNF9nJoDqvSBUUZcYzN2GR4QKBgQDGp2uhpSL2O23r2zXo\n"   \
	"WHWgTdNSFXLT+1RoZSdKesmxDx5KjEw0cLaIvhOAOdXXEogxGnm+kSgZcQ1WhuuX\n"   \
	"VYrSc8MZf/3C6Xa+V7OYsElpeMYbyC+5IX3dFdpDb8Ce7lh7yjg38UyvlpCKIRcf\n"   \
	"urbW42deeZDaiG94688KkRmk/QKBgQC/1aO5f9oQYdPSZ7k2boQMs1EBeb3qtrm+\n"   \
	"ReHMdlrH8YEFA4Y3W7quzAy4Nne3+GSDs6YJ1os5a3D223O9j6cUDabWc6EuzQ0L\n"   \
	"3aCt/hNXUwlcdQKDnfV9id6zYWTJZmSdzDTXXoW2nKjJ1r5iYZfkiA4sbse9oqlh\n"   \
	"C+YaOFKDnwKBgQC4ad1x/uIY4YymgiZmHhB8EyNUtRKXFV8DVrwF2Tz5QIanP9zS\n"   \
	"Zbwd7w4dYBNSiCKkKubP8OLf02JFbBSytTedLNf2CSpi0eZoxvOzkBtmbTbDvbAH\n"   \
	"1b6JCetH5StUnwDHUi+kRz4gVs6xXAyiaOupSwu/2WyOYk/RWl8meRLsZQKBgQC7\n"   \
	"6wUKZwLvf1VnzHGzr4ktg877mg1/ymWjzYMGrn35VUtk5PHqcrIqHvrqzXhzQCD+\n"   \
	"ntIs2vzhT62GNK1paTprO4BOnVCsrvNzxzRqnPTHWzFVX84JrofX5WHB6Ms5O1Oe\n"   \
	"/HZa714e59G0fudbKm0H0nvH7PE/hANWbLiIwNmb0wKBgQCY/jdtrKIVTvAnFaan\n"   \
	"eSnkm41oCqvpuUwMoa1nrlr2JA7LE6dLPZ3BuZngVdUA5rU0uo0pwHp8aKU2CB4/\n"   \
	"9attLcyWNtosJvdGJyWSMEtWOwaPX26gv4/e10ONF5nvf/EqlQ5goNr3dfv2A88K\n"   \
	"ZgOd9L3bs00pbWO4zZf8rXVb8Q==\n"                                       \
	"-----END PRIVATE KEY-----\n"
