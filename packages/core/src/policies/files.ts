import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Cedar, loadCedar } from './cedar.ts';

/** Policies by name, each a text of one policy. */
export type Policies = Record<string, string>;

/** What every policy is judged against, and what holds where nothing is stored. */
export interface PolicyFiles {
  schema: string;
  defaults: Policies;
}

const shippedFolder = fileURLToPath(new URL('../../policies/', import.meta.url));

/** Reads schema and default policies; throws when one cannot be read or understood. */
export async function readPolicyFiles(folder = shippedFolder): Promise<PolicyFiles> {
  const [cedar, schema, text] = await Promise.all([
    loadCedar(),
    readFile(`${folder}/schema.cedarschema`, 'utf8'),
    readFile(`${folder}/default.cedar`, 'utf8'),
  ]);
  return { schema, defaults: policiesIn(cedar, text) };
}

/** The policies of a file, each named by its annotation `@id`. */
function policiesIn(cedar: Cedar, text: string): Policies {
  const parts = cedar.policySetTextToParts(text);
  if (parts.type === 'failure') throw new Error(`The default policies: ${parts.errors[0]?.message}`);
  const named = parts.policies.map((policy) => {
    const parsed = cedar.policyToJson(policy);
    const id = parsed.type === 'success' ? parsed.json.annotations?.id : undefined;
    if (!id) throw new Error('A default policy has no @id.');
    return [id, policy];
  });
  return Object.fromEntries(named);
}
