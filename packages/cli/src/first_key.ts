import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CoordinationError, type Coordinator, coordinatorOver, type Transport } from '@agentcoord/contract';
import { httpTransport } from '@agentcoord/sdk';
import { readIfThere, writePrivate } from './files.ts';

/**
 * Makes sure that the home holds a key of this project for the server at `url`, and answers the path of its file:
 * `api-key` for the project that was started first, `api-key-<hash of the project>` for others. A key that the server
 * refuses, left behind by a change of configuration, is replaced.
 */
export async function ensureFirstKey(
  { home, project, url }: { home: string; project: string; url: string },
  administration: Transport,
): Promise<string> {
  const administrator = coordinatorOver(administration);
  const { first, own } = keyFiles(home, project);
  for (const path of [first, own]) if (await isUsable(path, url, administrator)) return path;
  const path = existsSync(first) && (await isAccepted(url, await keyIn(first))) ? own : first;
  const { api_key } = await administrator.createKey({
    agent: 'first',
    trust: 2,
    description: 'Made by agentcoord up on its first start.',
  });
  await writePrivate(path, `${api_key}\n`);
  return path;
}

/** Where the key of this project lies in the home, when one was made; else that of the project that was first. */
export function knownKeyFile(home: string, project: string): string | undefined {
  const { first, own } = keyFiles(home, project);
  return [own, first].find((path) => existsSync(path));
}

function keyFiles(home: string, project: string): { first: string; own: string } {
  const first = join(home, 'api-key');
  return { first, own: `${first}-${hash('sha256', project).slice(0, 8)}` };
}

/** True for a key of the administrator's project that the server accepts. */
async function isUsable(path: string, url: string, administrator: Coordinator): Promise<boolean> {
  const key = await keyIn(path);
  if (!key) return false;
  const { keys } = await administrator.listKeys();
  return keys.some(({ key_id }) => key.startsWith(`ac_${key_id}_`)) && (await isAccepted(url, key));
}

async function keyIn(path: string): Promise<string> {
  return (await readIfThere(path))?.trim() ?? '';
}

async function isAccepted(url: string, apiKey: string): Promise<boolean> {
  try {
    await coordinatorOver(httpTransport({ url, apiKey })).discoverAgents({ limit: 1 });
    return true;
  } catch (error) {
    return !(error instanceof CoordinationError && error.code === 'unauthenticated');
  }
}
