# The loop of a thousand scripts: for each event it looks at what it names, in a
# process of its own.
inotifywait -m -r -e create,delete,close_write --format '%e %w%f' "$1" 2>&1 |
	while read -r event path; do
		stat "$path" >/dev/null 2>&1
		case $event in
		CREATE*) echo "come $path" ;;
		CLOSE_WRITE*) cat "$path" >/dev/null 2>&1; echo "change $path" ;;
		DELETE*) echo "go $path" ;;
		Watches) echo READY ;;
		esac
	done
