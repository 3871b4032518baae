import { CoordinationError, type Operation } from '@agentcoord/contract';
import type { GetPromptRequestParams, GetPromptResult, Prompt } from '@modelcontextprotocol/server';

/** A way of working that a person picks; hosts show prompts as commands. */
interface Script {
  name: string;
  title: string;
  description: string;
  arguments: NonNullable<Prompt['arguments']>;
  opening(values: Record<string, string>): string;
  /** What to do, each with the tool it needs: those whose tool is switched off are left out. */
  steps: readonly (readonly [tool: string, step: string])[];
}

const scripts: readonly Script[] = [
  {
    name: 'start_work_session',
    title: 'Start a work session',
    description: 'Say what you work on, read what earlier sessions left and what is new, then begin.',
    arguments: [{ name: 'working_on', description: 'What you are going to do.', required: false }],
    opening: ({ working_on }) =>
      `Start a work session in this repository, which other agents change at the same time. ${
        working_on ? `It is about: ${working_on}` : 'Ask me what it is about, unless a task says it.'
      }`,
    steps: [
      ['register_session', 'Call register_session and say in `working_on` what you do.'],
      ['read_handoff', 'Read with read_handoff those of the offered handoffs that touch this.'],
      ['catch_up', 'Call catch_up for what happened meanwhile.'],
      ['read_inbox', 'Call read_inbox and answer what asks for an answer.'],
      ['discover_agents', 'Call discover_agents: if somebody works on the same, tell me before you begin.'],
      ['get_work', 'Unless I have given you something to do, claim a task with get_work.'],
      ['acquire_lock', 'Lock files with acquire_lock before you edit them, and release them when they are saved.'],
      ['write_handoff', 'Before you stop, leave word with write_handoff.'],
    ],
  },
  {
    name: 'coordinate_file_edit',
    title: 'Edit files that others may edit, too',
    description: 'Lock files, edit them, release them; and what to do when somebody else has them.',
    arguments: [
      { name: 'paths', description: 'Files to edit, separated by commas.', required: true },
      { name: 'reason', description: 'Why; others see it.', required: false },
    ],
    opening: ({ paths, reason }) =>
      `Edit these files, which other agents may want to edit, too: ${paths}${reason ? `. Reason: ${reason}` : ''}`,
    steps: [
      ['acquire_lock', 'Lock all of them in one call of acquire_lock, with the reason and `wait_seconds` 60.'],
      [
        'acquire_lock',
        'If `acquired` is false, edit none of them: tell me who holds what, why and until when, and do something else.',
      ],
      ['send_message', 'If it is urgent, ask the holder with send_message.'],
      ['acquire_lock', 'Read the files again before you edit: they may have changed since you saw them.'],
      ['acquire_lock', 'Edit only while you hold the locks; lock again before `expires_at` if it takes longer.'],
      ['release_lock', 'Save or commit, then release them with release_lock. If something was `not_held`, tell me.'],
    ],
  },
];

/** The prompts for which there are tools. */
export function promptsOf(operations: readonly Operation[]): Prompt[] {
  return scripts
    .filter((script) => stepsOf(script, operations).length > 0)
    .map(({ name, title, description, arguments: args }) => ({ name, title, description, arguments: [...args] }));
}

/** A prompt with its arguments filled in. Throws `CoordinationError`. */
export function getPrompt(
  { name, arguments: values = {} }: GetPromptRequestParams,
  operations: readonly Operation[],
): GetPromptResult {
  const known = promptsOf(operations).map((prompt) => prompt.name);
  const script = scripts.find((candidate) => candidate.name === name && known.includes(name));
  if (!script) {
    throw new CoordinationError({
      code: 'invalid_input',
      message: `There is no prompt ${JSON.stringify(name.slice(0, 64))}.`,
      hint: `Ask for one of: ${known.join(', ') || '(their tools are switched off)'}.`,
    });
  }
  const missing = script.arguments.find((argument) => argument.required && !values[argument.name]?.trim());
  if (missing) {
    throw new CoordinationError({
      code: 'invalid_input',
      message: `${missing.name}: is missing`,
      hint: `Give it: ${missing.description}`,
    });
  }
  const steps = stepsOf(script, operations).map((step, index) => `${index + 1}. ${step}`);
  const text = [script.opening(values), ...steps].join('\n');
  return { description: script.description, messages: [{ role: 'user', content: { type: 'text', text } }] };
}

function stepsOf({ steps }: Script, operations: readonly Operation[]): string[] {
  const tools = new Set(operations.map((operation) => operation.name));
  return steps.flatMap(([tool, step]) => (tools.has(tool) ? [step] : []));
}
