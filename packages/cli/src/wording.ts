import { operations } from '@agentcoord/contract';

const commands = new Map(operations.map(({ name, cli }) => [name, `agentcoord ${cli.replace(/ [<[].*/, '')}`]));

const positionals = new Set(operations.flatMap(({ cli }) => [...cli.matchAll(/[<[](\w+)/g)].map(([, field]) => field)));

/** Fields that are options of some command. */
const fields = new Set(
  operations.flatMap(({ input }) => Object.keys(input.shape)).filter((field) => !positionals.has(field)),
);

const optionOf = (field: string) => `--${field.replaceAll('_', '-')}`;

/**
 * A hint in the words of the command line: the core names operations and fields, which are commands and options here.
 * Names of one word stay, because they are words of sentences as well. `known`: the fields that are options where it is
 * said; all that are options somewhere when left out.
 */
export function inCommands(text: string, known: ReadonlySet<string> = fields): string {
  const switched = text.replace(/\b([a-z_]+): false\b/g, (whole, name: string) =>
    known.has(name) ? `--no-${name.replaceAll('_', '-')}` : whole,
  );
  return switched.replace(/(`?)\b([a-z]+(?:_[a-z]+)+)\b\1/g, (whole, _, name: string) => {
    const command = commands.get(name);
    if (command) return `\`${command}\``;
    return known.has(name) ? optionOf(name) : whole;
  });
}

/** A message about a field, which is an option here. */
export function aboutOption(message: string): string {
  const [, field = '', problem = ''] = /^(\w+)(: .*)$/s.exec(message) ?? [];
  return inCommands(fields.has(field) ? optionOf(field) + problem : message);
}

/** What to do next: which fields there are says --help in the words of the command. */
export function nextStep(hint: string): string {
  return inCommands(hint.replace(/ It takes: [\w, ]+\.$/, ' See its --help.'));
}
