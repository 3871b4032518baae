import { openDatabase, readConfig } from '@agentcoord/core';
import { isPostgrestMissing, secretKey, startPostgrest } from '../helpers/postgrest.ts';
import type { Door } from './door.ts';
import { inProcess } from './in_process.ts';

/** In process, on supabase-js and a real PostgREST. */
export const inProcessOnSupabase: Door = {
  name: 'in process on supabase-js and PostgREST',
  trusts: [2, 4],
  beats: true,
  idempotent: true,
  missing: isPostgrestMissing(),
  async open(db) {
    await using starting = new AsyncDisposableStack();
    const { url } = starting.use(await startPostgrest(db));
    const database = await openDatabase(readConfig({ SUPABASE_URL: url, SUPABASE_SECRET_KEY: secretKey }));
    return inProcess(database, starting.move());
  },
};
