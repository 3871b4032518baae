import type { Connection } from '../field.ts';
import type { Side } from '../measure.ts';
import type { Peer } from './peer.ts';

/** What is used of the package; it has no types here, as it is installed by the run. */
interface Package {
  PgBoss: new (options: object) => Boss;
}

interface Boss {
  on(event: 'error', listener: (error: unknown) => void): void;
  start(): Promise<unknown>;
  stop(options: { graceful: boolean }): Promise<void>;
  createQueue(name: string): Promise<void>;
  send(name: string, data: object): Promise<string | null>;
  insert(name: string, jobs: { data: object }[]): Promise<unknown>;
  fetch(name: string): Promise<{ id: string }[]>;
  complete(name: string, id: string): Promise<unknown>;
}

const queue = 'bench';
const chunk = 5000;

/** pg-boss over its public interface, in schema `pgboss`, with its defaults but for upkeep in the background. */
export async function openPgBoss(
  load: NodeJS.Require,
  version: 'pg-boss' | 'pg-boss-12.15',
  connection: Connection,
): Promise<Peer> {
  const { PgBoss } = load(version) as Package;
  const { username: user, ...place } = connection;
  const boss = new PgBoss({ ...place, user, supervise: false, schedule: false });
  boss.on('error', (error) => console.error('pg-boss:', error));
  await boss.start();
  await boss.createQueue(queue);
  const submit: Side = { run: () => boss.send(queue, { title: 'Rename the field in every caller' }) };
  const claim: Side = {
    async prepare(runs) {
      for (let left = runs; left > 0; left -= chunk) {
        await boss.insert(
          queue,
          Array.from({ length: Math.min(left, chunk) }, () => ({ data: {} })),
        );
      }
    },
    async run() {
      const [job] = await boss.fetch(queue);
      if (!job) throw new Error("pg-boss' queue ran empty.");
      await boss.complete(queue, job.id);
    },
  };
  return { submit, claim, [Symbol.asyncDispose]: () => boss.stop({ graceful: false }) };
}
