import { randomUUID } from 'node:crypto';
import { type JsonSchema, jsonSchemaOf, type Operation } from '@agentcoord/contract';
import type { z } from 'zod';
import type { TestSession } from './database.ts';

/** By the name of a field, a value that means something where it is used: what is claimed, locked, made. */
export type World = Record<string, unknown>;

/** A session that holds a lock and a claim, and has made a key: what most operations are about. */
export async function worldOf(session: TestSession): Promise<World> {
  const mark = session.session_id.slice(-12);
  const paths = [`${mark}.ts`];
  await session.acquireLock({ paths, reason: `reason-${mark}` });
  await session.submitWork({ title: `title-${mark}`, type: `type-${mark}` });
  const types = [`type-${mark}`];
  const { task, claim_token } = await session.getWork({ types });
  const { agent } = await session.registerSession();
  await session.submitWork({ title: `next-${mark}`, type: `type-${mark}`, assignee: agent });
  const { key_id } = await session.createKey({ agent: `agent-${mark}` });
  const { thread_id } = await session.createThread({ title: `thread-${mark}`, text: `text-${mark}` });
  const { handoff_id } = await session.writeHandoff({ summary: `summary-${mark}` });
  const rule = `rule-${mark}`;
  await session.setApprovalRule({ rule, action_type: `action-${mark}` });
  const profile = `profile-${mark}`;
  await session.setProfile({ profile, trust: 2 });
  const { approval_id } = await session.requestApproval({ action_type: 'wipe', description: `wipe-${mark}` });
  await session.setNetworkRule({ rule, action: 'allow', pattern: `${mark}.example.com` });
  const [policy, policy_text] = [`policy-${mark}`, `permit (principal == Agent::"${mark}", action, resource);`];
  await session.setCedarPolicy({ policy, policy_text });
  return {
    ...{ policy, policy_text, operation: 'acquire_lock', host: 'github.com', pattern: `pattern-${mark}` },
    ...{ user_id: randomUUID(), rule, profile, approval_id, thread_id, handoff_id, text: `text-${mark}` },
    file_hash: '0'.repeat(64),
    ...{ paths, types, key_id, claim_token, task_id: task?.task_id, project: `project-${mark}` },
    ...{ working_on: `working-${mark}`, agent: `agent-${mark}`, title: `title-${mark}` },
  };
}

/**
 * An input that the definition accepts: fields that the world knows, and whatever else is required. So a new operation
 * is tried without being listed anywhere.
 */
export function exampleInput({ input }: Operation, world: World): Record<string, unknown> {
  const { properties = {}, required = [] } = jsonSchemaOf(input, 'input');
  const entries = Object.entries(properties).flatMap(([field, schema]) => {
    if (accepts(input.shape[field] as z.ZodType, world[field])) return [[field, world[field]]];
    return required.includes(field) ? [[field, sampleOf(schema, world)]] : [];
  });
  return Object.fromEntries(entries);
}

const accepts = (schema: z.ZodType, value: unknown) => value !== undefined && schema.safeParse(value).success;

function sampleOf(schema: JsonSchema, world: World): unknown {
  const [first] = schema.enum ?? [];
  if (first !== undefined) return first;
  if (schema.anyOf?.[0]) return sampleOf(schema.anyOf[0], world);
  if (schema.type === 'integer' || schema.type === 'number') return Math.max(schema.minimum ?? 1, 1);
  if (schema.type === 'boolean') return true;
  if (schema.type === 'array') return [sampleOf(schema.items ?? {}, world)];
  if (schema.type !== 'object') return 'example';
  const entries = (schema.required ?? []).map((field) => [
    field,
    world[field] ?? sampleOf(schema.properties?.[field] ?? {}, world),
  ]);
  return Object.fromEntries(entries);
}
