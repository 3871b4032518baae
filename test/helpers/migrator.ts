/** One process that migrates the database of its arguments (URL, folder) once stdin says go; prints what it applied. */
import { once } from 'node:events';
import { migrate } from '../../packages/core/src/migrations/index.ts';

const [url = '', folder] = process.argv.slice(2);
console.log('ready');
await once(process.stdin, 'data');
process.stdin.pause();
console.log(JSON.stringify(await migrate(url, folder ? { folder } : {})));
