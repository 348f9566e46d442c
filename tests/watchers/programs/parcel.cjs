// Needs @parcel/watcher in node_modules above the working directory.
const { createRequire } = require('node:module');
const watcher = createRequire(process.cwd() + '/')('@parcel/watcher');
const KINDS = { create: 'come', update: 'change', delete: 'go' };

// It would take watchman where there is one.
watcher.subscribe(process.argv[2], (error, events) => {
	if (error)
		process.stderr.write(`${error}\n`);
	for (const event of events ?? [])
		process.stdout.write(`${KINDS[event.type]} ${event.path}\n`);
}, { backend: 'inotify' }).then(() => process.stdout.write('READY\n'));
