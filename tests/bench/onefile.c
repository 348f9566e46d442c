/*
 * The reference for a repeated `cat state`, and for an event of it: the least that
 * a libfuse file system can do to serve one file from the page cache, and to have
 * it touched.  usage: onefile DIR
 */
#define FUSE_USE_VERSION 312
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <fuse_lowlevel.h>

#define FILE_INO 2
static const char name[] = "state", text[] = "Running\n";

static void fill(fuse_ino_t ino, struct stat *attr)
{
	memset(attr, 0, sizeof(*attr));
	attr->st_ino = ino;
	attr->st_nlink = 1;
	attr->st_mode = ino == FILE_INO ? S_IFREG | 0644 : S_IFDIR | 0755;
	attr->st_size = ino == FILE_INO ? sizeof(text) - 1 : 0;
}

static void one_lookup(fuse_req_t req, fuse_ino_t parent, const char *asked)
{
	struct fuse_entry_param entry = {
		.ino = FILE_INO, .attr_timeout = 86400, .entry_timeout = 86400};

	if (strcmp(asked, name)) {
		fuse_reply_err(req, ENOENT);
		return;
	}
	fill(FILE_INO, &entry.attr);
	fuse_reply_entry(req, &entry);
}

static void one_getattr(
	fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	struct stat attr;

	fill(ino, &attr);
	fuse_reply_attr(req, &attr, 86400);
}

static void one_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *wanted,
	int to_set, struct fuse_file_info *info)
{
	one_getattr(req, ino, info);
}

static void one_open(
	fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	info->keep_cache = 1;
	info->noflush = 1;
	fuse_reply_open(req, info);
}

static void one_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
	struct fuse_file_info *info)
{
	size_t len = sizeof(text) - 1;

	if ((size_t)off >= len)
		fuse_reply_buf(req, NULL, 0);
	else
		fuse_reply_buf(req, text + off,
			len - (size_t)off < size ? len - (size_t)off : size);
}

static const struct fuse_lowlevel_ops ops = {
	.lookup = one_lookup,
	.getattr = one_getattr,
	.setattr = one_setattr,
	.open = one_open,
	.read = one_read,
};

int main(int argc, char **argv)
{
	char *arguments[] = {argv[0], NULL};
	struct fuse_args args = FUSE_ARGS_INIT(1, arguments);
	struct fuse_session *session;
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	int failed;

	if (argc != 2)
		return 2;
	session = fuse_session_new(&args, &ops, sizeof(ops), NULL);
	if (!session || fuse_set_signal_handlers(session) ||
		fuse_session_mount(session, argv[1]))
		return 1;
	fuse_loop_cfg_set_max_threads(config, 8);
	failed = fuse_session_loop_mt(session, config) < 0;
	fuse_loop_cfg_destroy(config);
	fuse_session_unmount(session);
	fuse_session_destroy(session);
	return failed;
}
