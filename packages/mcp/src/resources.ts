import { type Invoker, type Operation, operationNamed } from '@agentcoord/contract';
import { type ReadResourceResult, type Resource, ResourceNotFoundError } from '@modelcontextprotocol/server';
import { errorOf, protocolErrorOf, type Report } from './failure.ts';

type Input = Record<string, unknown>;

/** A reading of one operation under an address. With `sections`, the answers to several inputs stand side by side. */
interface Reading {
  uri: string;
  title: string;
  description: string;
  operation: string;
  /** How the subjects of events begin after which it may read otherwise. */
  about: readonly string[];
  input?: Input;
  sections?: Record<string, Input>;
}

const readings: readonly Reading[] = [
  {
    uri: 'locks://current',
    title: 'Locks',
    description: 'Who holds which files now, and why.',
    operation: 'check_locks',
    about: ['lock:', 'session:'],
  },
  {
    uri: 'work://pending',
    title: 'Pending work',
    description: 'Tasks that may be claimed, and tasks that wait for others.',
    operation: 'list_tasks',
    about: ['task:', 'session:'],
    sections: { ready: { status: 'ready' }, blocked: { status: 'blocked' } },
  },
  {
    uri: 'handoffs://recent',
    title: 'Handoffs',
    description: 'What the last sessions left for the next.',
    operation: 'read_handoff',
    about: ['handoff:'],
    input: { limit: 10 },
  },
  {
    uri: 'audit://recent',
    title: 'Audit',
    description: 'The last 20 rows of the journal: who did what, with which outcome.',
    operation: 'query_audit',
    about: [''],
    input: { limit: 20 },
  },
  {
    uri: 'profiles://current',
    title: 'Profile',
    description: 'What this session may do, and what is left of its limits.',
    operation: 'get_my_profile',
    about: ['profile:', 'agent:'],
  },
  {
    uri: 'guardrails://patterns',
    title: 'Guardrails',
    description: 'The rules by which commands are judged: what they stop or warn of, and what to do instead.',
    operation: 'list_guardrail_rules',
    about: ['guardrail_rule:'],
  },
  {
    uri: 'newsletters://status',
    title: 'News',
    description: 'What happened since your last catch_up; reading this does not count as one.',
    operation: 'catch_up',
    about: [''],
    input: { mark: false },
  },
];

const mimeType = 'application/json';

/** What clients may read, whichever tools are switched on: a resource costs a model nothing until it is read. */
export const resources: readonly Resource[] = readings.map(({ uri, title, description }) => ({
  uri,
  name: title,
  title,
  description,
  mimeType,
}));

/** Reads a resource as JSON. */
export async function readResource(invoker: Invoker, uri: string, report: Report): Promise<ReadResourceResult> {
  const reading = readingOf(uri);
  try {
    const text = JSON.stringify(await answerOf(invoker, reading));
    return { contents: [{ uri, mimeType, text }] };
  } catch (cause) {
    throw protocolErrorOf(errorOf(cause, report));
  }
}

/** Throws unless there is a resource of that address. */
export function assertResource(uri: string): void {
  readingOf(uri);
}

/** Addresses of the resources that may read otherwise after an event about these subjects. */
export function resourcesAbout(subjects: readonly string[]): string[] {
  const isAbout = ({ about }: Reading) => about.some((start) => subjects.some((subject) => subject.startsWith(start)));
  return readings.filter(isAbout).map(({ uri }) => uri);
}

function readingOf(uri: string): Reading {
  const reading = readings.find((candidate) => candidate.uri === uri);
  if (reading) return reading;
  const known = readings.map((candidate) => candidate.uri).join(', ');
  throw new ResourceNotFoundError(uri, `There is no such resource. Read one of: ${known}.`);
}

async function answerOf(invoker: Invoker, { operation: name, input = {}, sections }: Reading): Promise<unknown> {
  const operation = operationNamed(name) as Operation;
  if (!sections) return invoker.invoke(operation, input);
  const answers = Object.entries(sections).map(async ([section, part]) => [
    section,
    await invoker.invoke(operation, { ...input, ...part }),
  ]);
  return Object.fromEntries(await Promise.all(answers));
}
