import type { Context } from './context.ts';
import { proseActions } from './prose.ts';

/** A command that an input holds, and where. */
export interface GuardedAction {
  field: string;
  text: string;
  context: Context;
}

/** Keys whose text is a command by their name alone. */
const commandKeys = /^(commands?|cmds?|shell|scripts?|run|exec|bash|sh|command_line)$/i;
const sqlKeys = /^(sql|query|queries|statement|statements)$/i;

/** Most commands of one input that are judged one by one; more are judged as one text. */
const most = 200;

/** The commands in a field: in text those that stand as such, in JSON also those under keys that say so. */
export function actionsIn(field: string, value: unknown, key = ''): GuardedAction[] {
  if (typeof value === 'string') return textActions(field, value, key);
  if (typeof value !== 'object' || value === null) return [];
  const words = Array.isArray(value) && commandKeys.test(key) && value.every((item) => typeof item === 'string');
  // ["rm", "-rf", "x"] is one command, ["npm test", "npm run lint"] are several.
  if (words && !value.some((item: string) => /\s/.test(item))) return textActions(field, value.join(' '), key);
  const found = Object.entries(value).flatMap(([name, item]) => {
    const inner = Array.isArray(value) ? `${field}[${name}]` : `${field}.${name}`;
    return actionsIn(inner, item, Array.isArray(value) ? key : name);
  });
  if (found.length <= most) return found;
  return [{ field, context: 'shell', text: found.map(({ text }) => text).join('\n') }];
}

function textActions(field: string, text: string, key: string): GuardedAction[] {
  if (commandKeys.test(key)) return [{ field, text, context: 'shell' }];
  if (sqlKeys.test(key)) return [{ field, text, context: 'sql' }];
  return proseActions(text).map((action) => ({ field, ...action }));
}
