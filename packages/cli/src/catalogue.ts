import { type JsonSchema, jsonSchemaOf, type Operation, toolsets } from '@agentcoord/contract';
import { Argument, type Command, Option } from 'commander';
import { fileOptions } from './audit/options.ts';
import { type Globals, globalOptions } from './globals.ts';
import { explanationOf, placeholderOf, typedValue } from './schema.ts';
import { inCommands } from './wording.ts';

interface Positional {
  flags: string;
  field: string;
}

/** The commands of an operation: its own, and its shortcuts. */
export function commandLinesOf({ cli, shortcuts = {} }: Operation): string[] {
  return [cli, ...Object.keys(shortcuts)];
}

/** Does what a command is for, with the input that its words give. */
type Run = (input: Record<string, unknown>, globals: Globals) => Promise<void>;

/**
 * Adds the commands of an operation: words and positionals from its definition, options from its input. They call the
 * operation, unless `run` says otherwise.
 */
export function addOperation(program: Command, operation: Operation, globals: () => Globals, run?: Run): void {
  for (const line of commandLinesOf(operation)) addLine(program, operation, line, globals, run);
}

function addLine(program: Command, operation: Operation, line: string, globals: () => Globals, run?: Run): void {
  const { words, positionals } = takeApart(line);
  const given = operation.shortcuts?.[line] ?? {};
  const { properties: ofInput = {}, required = [] } = jsonSchemaOf(operation.input, 'input');
  const properties = { ...ofInput, ...fileOptions[operation.name] };
  const own = new Set(Object.keys(properties));
  const command = commandFor(program, words, `${toolsets[operation.toolset].title}:`)
    .summary(inCommands(operation.summary, own))
    .description(inCommands([operation.summary, operation.guidance].filter(Boolean).join('\n'), own));
  for (const { flags, field } of positionals) {
    command.addArgument(new Argument(flags, explained(field, properties[field] ?? {}, false)));
  }
  const fields = new Map<string, string>();
  for (const [field, schema] of Object.entries(properties)) {
    if (field in given || positionals.some((positional) => positional.field === field)) continue;
    for (const option of optionsFor(field, schema, required.includes(field))) {
      command.addOption(option);
      fields.set(option.attributeName(), field);
    }
  }
  command.action(async (...values: unknown[]) => {
    const options = Object.entries(command.opts()).map(([attribute, value]) => [fields.get(attribute), value]);
    const input = { ...positionalInput(positionals, properties, values), ...Object.fromEntries(options), ...given };
    if (run) return run(input, globals());
    // Only now: help needs neither database nor tables.
    const { call } = await import('./call.ts');
    await call(operation, input, globals());
  });
}

/** In the words of the command line, but where the name of an operation is asked for. */
function explained(field: string, schema: JsonSchema, required: boolean): string {
  const text = explanationOf(schema, required);
  return field.includes('operation') ? text : inCommands(text);
}

function takeApart(cli: string): { words: string[]; positionals: Positional[] } {
  const parts = cli.split(' ');
  const flags = parts.filter((part) => /^[<[]/.test(part));
  return {
    words: parts.filter((part) => !flags.includes(part)),
    positionals: flags.map((part) => ({ flags: part.replaceAll('_', '-'), field: part.replace(/[<>[\].]/g, '') })),
  };
}

/** The command of these words; the ones before the last are groups, made when first met. */
/** The command of these words, in its group; its heading counts where it has no group above. */
export function commandFor(program: Command, words: readonly string[], heading: string): Command {
  const [word = '', ...rest] = words;
  if (rest.length === 0) return program.command(word).helpGroup(program.parent ? '' : heading);
  const known = program.commands.find((command) => command.name() === word);
  const group = known ?? program.command(word).helpGroup(heading);
  const verbs = [...group.commands.map((command) => command.name()), rest[0]];
  group.description(`${word}: ${verbs.join(', ')}`);
  return commandFor(group, rest, heading);
}

function optionsFor(field: string, schema: JsonSchema, required: boolean): Option[] {
  const flag = flagOf(field);
  const explanation = explained(field, schema, required);
  if (schema.type === 'boolean') return [new Option(`--${flag}`, explanation), new Option(`--no-${flag}`)];
  const option = new Option(`--${flag} <${placeholderOf(schema)}>`, explanation);
  const parse = (text: string) => typedValue(field, schema, text);
  if (schema.type !== 'array') return [option.argParser(parse)];
  return [option.argParser((text: string, earlier: unknown[] | undefined) => [...(earlier ?? []), parse(text)])];
}

/** Options of every command win: a field of the same name is asked for as `--for-agent`. */
function flagOf(field: string): string {
  const name = field.replaceAll('_', '-');
  return globalOptions().some((option) => option.name() === name) ? `for-${name}` : name;
}

function positionalInput(
  positionals: readonly Positional[],
  properties: Record<string, JsonSchema>,
  values: readonly unknown[],
): Record<string, unknown> {
  const entries = positionals.map(({ field }, index) => {
    const schema = properties[field] ?? {};
    const typed = values[index];
    const value = Array.isArray(typed)
      ? typed.map((text) => typedValue(field, schema, text))
      : typedValue(field, schema, String(typed));
    const isMissing = typed === undefined || (Array.isArray(typed) && typed.length === 0);
    return [field, isMissing ? undefined : value];
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
