import {
  hasRepositoryPath,
  type JsonSchema,
  jsonSchemaOf,
  mapRepositoryPaths,
  type Operation,
} from '@agentcoord/contract';
import { parseTarget } from '../network/target.ts';
import { fileOf } from './file.ts';

/** Who calls, as the database knows it. */
export interface Principal {
  /** Of a subagent, the agent on whose behalf it works. */
  agent: string;
  agent_type: string;
  trust: number;
  project: string;
  suspended: boolean;
  /** Names of operations and toolsets, `read` and `write`: what the key is for, and what the profile says. */
  scopes?: string[];
  allowed_operations?: string[];
  blocked_operations: string[];
}

/** An entity as Cedar is told of it. */
export interface Entity {
  type: 'Project' | 'File' | 'Task' | 'Domain';
  id: string;
  attrs: Record<string, string>;
}

/** Types of Cedar that the fields of an input come down to. */
export type FieldType = 'String' | 'Long' | 'Bool' | 'Set<String>';

const entityOfField: Readonly<Record<string, 'Task' | 'Domain'>> = {
  task_id: 'Task',
  task_ids: 'Task',
  depends_on: 'Task',
  blocked_by: 'Task',
  parent_id: 'Task',
  host: 'Domain',
};

/** The fields of an operation's input that policies can read as `context.input`, and what they are there. */
export function contextFields({ input }: Operation): [field: string, type: FieldType][] {
  const { properties = {} } = jsonSchemaOf(input, 'input');
  return Object.entries(properties).flatMap(([field, schema]) => {
    const type = fieldType(schema);
    return type === undefined ? [] : [[field, type]];
  });
}

function fieldType({ type, items, enum: words }: JsonSchema): FieldType | undefined {
  if (type === 'string' || (type === undefined && words?.every((word) => typeof word === 'string'))) return 'String';
  if (type === 'integer') return 'Long';
  if (type === 'boolean') return 'Bool';
  return type === 'array' && items?.type === 'string' ? 'Set<String>' : undefined;
}

/** The groups that the action of an operation is in. */
export function groupsOf({ minimumTrust, kind, toolset }: Operation): string[] {
  return [`trust_${minimumTrust}`, kind, `toolset_${toolset}`];
}

/** The kinds of entities that calls of an operation may be about. */
export function resourceTypes({ input }: Operation): Entity['type'][] {
  const types = new Set<Entity['type']>(['Project']);
  for (const [field, schema] of Object.entries(input.shape)) {
    if (hasRepositoryPath(schema)) types.add('File');
    const type = entityOfField[field];
    if (type) types.add(type);
  }
  return [...types];
}

/** What one call is about: the files, tasks and hosts that its input names, else the project. */
export function resourcesOf({ input: schema }: Operation, input: Record<string, unknown>, project: string): Entity[] {
  const found = new Map<string, Entity>();
  const note = (entity: Entity) => found.set(`${entity.type} ${entity.id}`, entity);
  mapRepositoryPaths(schema, input, (path) => {
    note(fileOf(path));
    return path;
  });
  for (const [field, type] of Object.entries(entityOfField)) {
    const values = [input[field]].flat().filter((value) => typeof value === 'string');
    for (const value of values) {
      const entity = type === 'Domain' ? domainOf(value) : { type, id: value.toLowerCase(), attrs: {} };
      if (entity) note(entity);
    }
  }
  return found.size > 0 ? [...found.values()] : [projectOf(project)];
}

export function projectOf(name: string): Entity {
  return { type: 'Project', id: name, attrs: {} };
}

/** Undefined for what names no host: the operation refuses it in its own words. */
export function domainOf(text: string): Entity | undefined {
  const target = parseTarget(text);
  return 'problem' in target ? undefined : { type: 'Domain', id: target.host, attrs: { host: target.host } };
}

/** `context.input` of a call: these fields of it, without what was left out or is of another type. */
export function contextInput(
  fields: readonly [field: string, type: FieldType][],
  input: Record<string, unknown>,
): Record<string, unknown> {
  const given = fields.filter(([field, type]) => isOfType[type](input[field]));
  return Object.fromEntries(given.map(([field]) => [field, input[field]]));
}

const isOfType: Record<FieldType, (value: unknown) => boolean> = {
  String: (value) => typeof value === 'string',
  Long: (value) => Number.isSafeInteger(value),
  Bool: (value) => typeof value === 'boolean',
  'Set<String>': (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
};
