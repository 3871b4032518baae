import { join } from 'node:path';
import { CoordinationError, coordinatorOver, type Transport } from '@agentcoord/contract';
import { httpTransport } from '@agentcoord/sdk';
import { readIfThere, writePrivate } from './files.ts';

/**
 * Makes sure that the home holds a key of the server at `url`, and answers the path of its file. The key of another
 * database, left behind by a change of configuration, is replaced.
 */
export async function ensureFirstKey(home: string, url: string, administrator: Transport): Promise<string> {
  const path = join(home, 'api-key');
  const kept = (await readIfThere(path))?.trim();
  if (kept && (await isAccepted(url, kept))) return path;
  const { api_key } = await coordinatorOver(administrator).createKey({
    agent: 'first',
    trust: 2,
    description: 'Made by agentcoord up on its first start.',
  });
  await writePrivate(path, `${api_key}\n`);
  return path;
}

async function isAccepted(url: string, apiKey: string): Promise<boolean> {
  try {
    await coordinatorOver(httpTransport({ url, apiKey })).discoverAgents({ limit: 1 });
    return true;
  } catch (error) {
    return !(error instanceof CoordinationError && error.code === 'unauthenticated');
  }
}
