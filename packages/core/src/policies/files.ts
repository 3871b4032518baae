import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { inCedar } from './cedar.ts';

/** Policies by name, each a text of one policy. */
export type Policies = Record<string, string>;

/** What every policy is judged against, and what holds where nothing is stored. */
export interface PolicyFiles {
  schema: string;
  defaults: Policies;
}

/** What precedes the name of a default policy that is in force. */
export const defaultPrefix = 'default:';

const shippedFolder = fileURLToPath(new URL('../../policies/', import.meta.url));

const known = new Map<string, Promise<PolicyFiles>>();

/** Schema and default policies, read once. Rejects when they cannot be read or understood, and tries again then. */
export function readPolicyFiles(folder = shippedFolder): Promise<PolicyFiles> {
  const files = known.get(folder) ?? read(folder);
  known.set(folder, files);
  files.catch(() => known.delete(folder));
  return files;
}

async function read(folder: string): Promise<PolicyFiles> {
  const [schema, text] = await Promise.all([
    readFile(`${folder}/schema.cedarschema`, 'utf8'),
    readFile(`${folder}/default.cedar`, 'utf8'),
  ]);
  return { schema, defaults: policiesIn(text) };
}

/** The policies of a file, each named by its annotation `@id`. */
function policiesIn(text: string): Policies {
  const parts = inCedar((cedar) => cedar.policySetTextToParts(text));
  if (parts.type === 'failure') throw new Error(`The default policies: ${parts.errors[0]?.message}`);
  const named = parts.policies.map((policy) => {
    const parsed = inCedar((cedar) => cedar.policyToJson(policy));
    const id = parsed.type === 'success' ? parsed.json.annotations?.id : undefined;
    if (!id) throw new Error('A default policy has no @id.');
    return [id, policy];
  });
  return Object.fromEntries(named);
}
