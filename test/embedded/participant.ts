// Uses the server of the home it is given, as every process of the coordinator does: says what it found once it is
// connected, then answers every line it reads with the number of rows it sees.
import { createInterface } from 'node:readline';
import postgres from 'postgres';
import { ensureServer } from '../../packages/core/src/embedded/index.ts';

const home = process.argv[2] ?? '';
const { connection, startedHere } = await ensureServer(home, { onProgress: (line) => console.log(line) });
const sql = postgres({ ...connection(), max: 1, onnotice: () => {} });
await sql`create table if not exists visits (pid int)`.catch(() => undefined);
await sql`insert into visits values (${process.pid})`;
console.log(JSON.stringify({ startedHere }));
for await (const _ of createInterface({ input: process.stdin })) {
  const [row] = await sql<{ count: number }[]>`select count(*)::int from visits`;
  console.log(JSON.stringify(row));
}
await sql.end();
