import type postgres from 'postgres';
import type { Channel } from '../waiting/index.ts';

const channel = 'coord';

/** One message a row. Its commit need not wait for the disk: what a crash forgets, nobody waits for any more. */
export const notifyStatement = `
  select set_config('synchronous_commit', 'off', true), pg_notify('${channel}', message) from unnest($1::text[]) message`;

/** Listens on a connection of its own, which is opened again whenever it is lost. */
export function listenOn(open: () => postgres.Sql): NonNullable<Channel['listen']> {
  return (onMessage, onOpen) => {
    const sql = open();
    // A first attempt that fails is repeated like all later ones.
    sql.listen(channel, onMessage, onOpen).catch(() => {});
    return () => sql.end({ timeout: 1 });
  };
}
