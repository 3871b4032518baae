import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A text with what is expected of it. */
export interface Case {
  text: string;
  /** The rule that it falls under; undefined for harmless ones. */
  rule?: string;
  /** True when it may be warned of. */
  warned?: boolean;
}

/** Texts that fall under a rule. */
export const dangerous: readonly Case[] = linesOf('dangerous').map(ruled);

/** Texts that look like them and are allowed. */
export const harmless: readonly Case[] = linesOf('harmless').map((line) => {
  const warned = line.startsWith('warn\t');
  return { warned, text: unescaped(warned ? line.slice(5) : line) };
});

/** Texts for people that are nothing but a command, in whatever list or behind whatever prompt. */
export const commandLines: readonly Case[] = linesOf('command_lines').map(ruled);

/** Texts for people that look like them and talk about commands. */
export const sentences: readonly Case[] = linesOf('sentences').map((line) => ({ text: unescaped(line) }));

/** A rule, a tab, and the text. */
function ruled(line: string): Case {
  const [rule = '', ...text] = line.split('\t');
  return { rule, text: unescaped(text.join('\t')) };
}

/** What stands in the files of a folder. */
function linesOf(folder: string): string[] {
  const files = readdirSync(join(import.meta.dirname, folder)).map((file) => join(import.meta.dirname, folder, file));
  const lines = files.flatMap((file) => readFileSync(file, 'utf8').split('\n'));
  return lines.filter((line) => line !== '' && !line.startsWith('# '));
}

function unescaped(text: string): string {
  return text.replace(/\\([nt\\])/g, (_, letter: string) => ({ n: '\n', t: '\t' })[letter] ?? '\\');
}
