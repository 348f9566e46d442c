// Needs chokidar in node_modules above the working directory.
import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';

const chokidar = createRequire(process.cwd() + '/').resolve('chokidar');
const { watch } = await import(chokidar);
const say = (kind, path) => process.stdout.write(`${kind} ${path}\n`);

watch(process.argv[2], { ignoreInitial: true })
	.on('addDir', (path) => say('come', path))
	.on('unlinkDir', (path) => say('go', path))
	.on('change', async (path) => {
		await readFile(path).catch(() => {});
		say('change', path);
	})
	.on('error', (error) => process.stderr.write(`${error}\n`))
	.on('ready', () => process.stdout.write('READY\n'));
