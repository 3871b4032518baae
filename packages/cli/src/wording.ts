import { operations } from '@agentcoord/contract';

const commands = new Map(operations.map(({ name, cli }) => [name, `agentcoord ${cli.replace(/ [<[].*/, '')}`]));

const fields = new Set(operations.flatMap(({ input }) => Object.keys(input.shape)));

/**
 * A hint in the words of the command line: the core names operations and fields, which are commands and options here.
 * Names of one word stay, because they are words of sentences as well.
 */
export function inCommands(text: string): string {
  return text.replace(/(`?)\b([a-z]+(?:_[a-z]+)+)\b\1/g, (whole, _, name: string) => {
    const command = commands.get(name);
    if (command) return `\`${command}\``;
    return fields.has(name) ? `--${name.replaceAll('_', '-')}` : whole;
  });
}
