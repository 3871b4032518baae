import { CoordinationError, type Toolset, toolsets } from '@agentcoord/contract';
import { z } from 'zod';
import { defaultHome } from './embedded/place.ts';
import { keyParts } from './keys.ts';
import { nameOfAtMost } from './text.ts';

const port = z.coerce.number().int().min(1).max(65_535);
const list = z.string().transform((text) => text.split(/[\s,]+/).filter(Boolean));
const url = z.url({ protocol: /^https?$/ }).transform((text) => text.replace(/\/+$/, ''));

/**
 * The environment, variable by variable. `.env.example` lists the same names, and a test compares the two.
 * Several names for one field: the first that is set counts.
 */
export const variables = {
  home: { names: ['AGENTCOORD_HOME'], schema: z.string(), about: 'Folder of the embedded database, keys and logs.' },
  port: { names: ['AGENTCOORD_PORT'], schema: port.default(8787), about: 'Port of the HTTP server.' },
  host: {
    names: ['AGENTCOORD_HOST'],
    schema: z.string().default('127.0.0.1'),
    about: 'Address the HTTP server binds.',
  },
  allowed_hosts: {
    names: ['AGENTCOORD_ALLOWED_HOSTS'],
    schema: list.default([]),
    about: 'Further Host names the HTTP server answers to, separated by commas.',
  },
  toolsets: {
    names: ['AGENTCOORD_TOOLSETS'],
    schema: z.string().transform(toToolsets).optional(),
    about: 'Groups of MCP tools, separated by commas, or all.',
  },
  database_url: {
    names: ['DATABASE_URL'],
    schema: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
    about: 'A Postgres from version 15 on, instead of the embedded one.',
  },
  supabase_url: { names: ['SUPABASE_URL'], schema: url.optional(), about: 'A Supabase project, with the key below.' },
  supabase_key: {
    names: ['SUPABASE_SECRET_KEY', 'SUPABASE_SERVICE_KEY'],
    schema: z.string().optional(),
    about: 'Its secret (or legacy service_role) key.',
  },
  jwt_secret: {
    names: ['AGENTCOORD_JWT_SECRET', 'SUPABASE_JWT_SECRET'],
    schema: z.string().min(32, 'must have 32 characters or more').optional(),
    about: 'The secret with which PostgREST checks tokens; signs those of create_read_token.',
  },
  url: {
    names: ['AGENTCOORD_URL'],
    schema: url.optional(),
    about: 'Another coordinator, joined over HTTP, such as http://127.0.0.1:8787.',
  },
  api_key: { names: ['AGENTCOORD_API_KEY'], schema: z.string().optional(), about: 'Key for it.' },
  chosen_keys: {
    names: ['COORDINATION_API_KEYS'],
    schema: z.string().transform(toChosenKeys).default([]),
    about: 'Keys that the HTTP server accepts beside those it makes: key or agent:key, separated by commas.',
  },
  webhook_url: {
    names: ['AGENTCOORD_WEBHOOK_URL'],
    schema: z
      .url({ protocol: /^https?$/ })
      .refine((text) => URL.parse(text)?.username === '', 'must have no user name')
      .optional(),
    about: 'Where to post approvals that wait for a person.',
  },
  webhook_secret: {
    names: ['AGENTCOORD_WEBHOOK_SECRET'],
    schema: z.string().min(16, 'must have 16 characters or more').optional(),
    about: 'Signs what is posted there.',
  },
  public_url: {
    names: ['AGENTCOORD_PUBLIC_URL'],
    schema: url.optional(),
    about: 'Address under which people reach the HTTP server, such as https://coordinator.example.com.',
  },
  signing_key: {
    names: ['AGENTCOORD_SIGNING_KEY'],
    schema: z.base64().optional(),
    about: 'Ed25519 key that signs checkpoints of the journal, instead of the one in the home (PKCS 8, DER, base64).',
  },
  fallback: {
    names: ['AGENTCOORD_FALLBACK'],
    schema: z.literal('embedded').optional(),
    about: 'embedded: use the embedded database when the configured one is away at start.',
  },
  policy_engine: {
    names: ['POLICY_ENGINE'],
    schema: z.enum(['native', 'cedar']).default('native'),
    about: 'cedar: Cedar policies decide beside the database.',
  },
  agent_id: { names: ['AGENT_ID'], schema: nameOfAtMost(128).optional(), about: 'Name of this agent.' },
  agent_type: { names: ['AGENT_TYPE'], schema: nameOfAtMost(64).optional(), about: 'Kind of agent: claude_code.' },
  session_id: {
    names: ['SESSION_ID'],
    schema: nameOfAtMost(128).optional(),
    about: 'Separates runs of one agent on the command line: each is another holder.',
  },
  project: {
    names: ['AGENT_PROJECT'],
    schema: nameOfAtMost(200).optional(),
    about: 'Project, instead of the one of the git remote.',
  },
  lock_ttl_minutes: {
    names: ['LOCK_TTL_MINUTES'],
    schema: z.coerce.number().min(0.1).max(480).optional(),
    about: 'Minutes a lock lasts when the caller does not say.',
  },
} as const satisfies Record<string, Variable>;

interface Variable {
  names: readonly string[];
  schema: z.ZodType;
  about: string;
}

/** What the environment says, checked. */
export type Config = { [Field in keyof typeof variables]: z.output<(typeof variables)[Field]['schema']> };

/**
 * Reads the environment. An empty value, and one that is literally `${NAME}` (a host that did not expand it), count as
 * unset. Throws `invalid_input` naming the variable, never its value.
 */
export function readConfig(environment: Record<string, string | undefined> = process.env): Config {
  const config: Record<string, unknown> = {};
  for (const [field, { names, schema, about }] of Object.entries(variables) as [string, Variable][]) {
    const name = names.find((candidate) => isSet(environment[candidate]));
    const value = name === undefined ? undefined : environment[name];
    const parsed = schema.safeParse(field === 'home' ? (value ?? defaultHome(environment)) : value);
    if (!parsed.success) {
      const problem = parsed.error.issues[0]?.message ?? 'is not valid';
      throw configError(`${name ?? names[0]}: ${problem}`, `Correct or unset it. ${about}`);
    }
    config[field] = parsed.data;
  }
  return checkPairs(config as Config);
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '' && !/^\$\{[^}]*\}$/.test(value);
}

function checkPairs(config: Config): Config {
  if (config.supabase_url && !config.supabase_key) {
    throw configError('SUPABASE_URL is set, but no key.', 'Set SUPABASE_SECRET_KEY too, or unset SUPABASE_URL.');
  }
  if (config.url && !config.api_key) {
    throw configError('AGENTCOORD_URL is set, but AGENTCOORD_API_KEY is not.', 'Set it to a key of that coordinator.');
  }
  if (config.webhook_url && !config.webhook_secret) {
    throw configError(
      'AGENTCOORD_WEBHOOK_URL is set, but AGENTCOORD_WEBHOOK_SECRET is not.',
      'Set it to a random text of 16 characters or more, and let the receiver check the signature with it.',
    );
  }
  return config;
}

function configError(message: string, hint: string): CoordinationError {
  return new CoordinationError({ code: 'invalid_input', message, hint });
}

/** A key that people have chosen themselves, and the agent that calls with it. */
export interface ChosenKey {
  agent?: string;
  key: string;
}

/** Says which of them is wrong by its place: the value is a secret. */
function toChosenKeys(text: string, context: z.RefinementCtx): ChosenKey[] {
  const items = text.split(',').map((item) => item.trim());
  return items.filter(isSet).map((item, index) => {
    const [, agent, named] = /^([A-Za-z0-9][A-Za-z0-9_.@-]{0,63}):(.*)$/.exec(item) ?? [];
    const key = named ?? item;
    if (!keyParts(key)) {
      context.addIssue(`key ${index + 1} must be 16 to 200 visible ASCII characters, after agent: if it names one`);
    }
    return agent === undefined ? { key } : { agent, key };
  });
}

function toToolsets(text: string, context: z.RefinementCtx): (Toolset | 'all')[] {
  const names = text.split(/[\s,]+/).filter(Boolean);
  const known = [...Object.keys(toolsets), 'all'];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    context.addIssue(`there is no toolset ${unknown}; known are ${known.join(', ')}`);
  }
  return names as (Toolset | 'all')[];
}
