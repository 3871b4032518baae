import type { Invocation } from '../shell/invocation.ts';
import { isBroken } from '../shell/parsing.ts';
import { deleteTrees } from '../tools/deletion.ts';
import { runText } from '../tools/shells.ts';

/** Commands that start a program, up to where they end. */
const starting = /(?<![\w-])(?:exec|spawn|system)[ \t]+(?:-\w+[ \t]+)*([^\s;\]][^\n;\]]*)/g;
/** Commands of `expect` that type a line into a program. */
const typing = /(?<![\w-])send[ \t]+(?:--?[ \t]+)?"((?:[^"\\]|\\[\s\S]?)*)(?:"|$)/g;
const deleting = /(?<![\w-])file[ \t]+delete[ \t]+-force[ \t]+(?:--[ \t]+)?([^\s;\]]+)/g;

/** Reads Tcl, as `tclsh` and `expect` have it: the programs that it starts, and what it types into them. */
export function readTcl(code: string, call: Invocation): void {
  const run = (text: string) => {
    // Braces quote in Tcl.
    const command = text.replace(/\{([^{}']*)\}/g, "'$1'");
    if (!isBroken(command)) runText(call, command, { own: true });
  };
  for (const [, command = ''] of code.matchAll(starting)) run(unquoted(command));
  for (const [, line = ''] of code.matchAll(typing)) run(line.replace(/\\[rn]/g, '\n').replace(/\\(.)/g, '$1'));
  for (const [, path = ''] of code.matchAll(deleting)) deleteTrees({ ...call, args: [] }, [unquoted(path)]);
}

const unquoted = (text: string) => text.replace(/^"([^"]*)"\s*$/, '$1').replace(/^\{([^{}]*)\}\s*$/, '$1');
