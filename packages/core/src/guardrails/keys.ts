/** Last words of keys whose text is a command by their name alone. */
const commandKeys =
  /(?:^|[_\s-])(?:commands?|cmds?|shell|scripts?|run|exec|execute|bash|zsh|sh|powershell|(?:command|cmd)[_\s-]?line|argv|entry[_-]?point)$/i;
const sqlKeys = /(?:^|[_\s-])(?:sql|query|queries|statements?)$/i;
/** Keys of what a command beside them is called with, and of programs that are called. */
const argumentKeys = /(?:^|[_\s-])(?:args?|arguments|argv|parameters|params|options?|opts|flags)$/i;
const programKeys = /^(program|executable|exe|binary|bin|tool)$/i;

/** What may stand behind the name of a command without being about something else: `cmd2`, `exec_start`, `script_body`. */
const suffix = /[_\s.-]?(?:\d+|args?|arguments|body|content|list|source|start|string|text|value)$/i;

/** Characters at the end of a key that are looked at: a name of a field is short, but a whole text may be a key. */
const longestKey = 100;

/** Words of a key apart, without marks around it: commandLine and `--command-line[]` are command_line. */
const spelled = (key: string) =>
  key
    .slice(-longestKey)
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/^[^\p{L}\p{N}]+|(?<=[\p{L}\p{N}])[^\p{L}\p{N}]+$/gu, '');

export const isCommandKey = (key: string) => commandKeys.test(key);
export const isSqlKey = (key: string) => sqlKeys.test(key);
export const isKnownKey = (key: string) => isCommandKey(key) || isSqlKey(key);
/** Whether something stands under it that a command beside it is called with. */
export const isArgumentKey = (name: string) => argumentKeys.test(spelled(name));
/** Whether a command or a program stands under it. */
export const isCalledKey = (name: string) => programKeys.test(name) || isCommandKey(spelled(name));

/** A key as it says what stands below it. */
export interface Key {
  key: string;
  /** It is the key of what it is in, or only begins as one that says so: what stands there may be something else. */
  inherited: boolean;
}

/** What is below a key that says so is the same, unless its own key says something else. */
export function keyOf(name: string, outer: string): Key {
  const own = spelled(name);
  if (isKnownKey(own)) return { key: own, inherited: false };
  const begun = own.replace(suffix, '').replace(suffix, '');
  if (isKnownKey(begun)) return { key: begun, inherited: true };
  return isKnownKey(outer) ? { key: outer, inherited: true } : { key: own, inherited: false };
}
