# What examples/demo and examples/livy share.  They set mnt, and have die().

# A column of findmnt about what is mounted at the place, the uppermost.
mounted() {
	findmnt -rno "$1" --mountpoint "$mnt" 2>/dev/null | tail -n 1
}

# In /tmp somebody else may have prepared the place: with a mount whose names are
# then shown, with a link to a directory of ours, with a directory of his.
own_place() {
	case $(mounted FSTYPE) in
	fuse.*)
		case ,$(mounted OPTIONS), in
		*,user_id=$(id -u),*) return ;;
		esac
		die "what is mounted at $mnt is somebody else's; name another place."
		;;
	esac
	[ ! -L "$mnt" ] || die "$mnt is a link; name the directory itself."
	[ ! -e "$mnt" ] || [ "$(stat -c %u -- "$mnt")" = "$(id -u)" ] ||
		die "$mnt belongs to somebody else; name another place."
}

# The shell's own would name this file and its line in what it says of an error.
echo() {
	env echo "$@"
}

# Shows a line, and runs it.  Names of a mount go into it by `word`.
show() {
	printf '\n$ %s\n' "$*"
	eval "$*"
}

# A word of a line for show: whatever is in it, it is one word.
word() {
	printf %q "$1"
}
