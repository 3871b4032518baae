/** Last words of keys whose text is a command by their name alone. */
const commandKeys =
  /(?:^|[_\s-])(?:commands?|cmds?|shell|scripts?|run|exec|execute|spawn|subprocess|bash|zsh|sh|powershell|(?:command|cmd)[_\s-]?line|argv|entry[_-]?point)$/i;
const sqlKeys = /(?:^|[_\s-])(?:sql|query|queries|statements?)$/i;
/** Keys of what a command beside them is called with, and of programs that are called. */
const argumentKeys =
  /(?:^|[_\s-])(?:args?|arguments|argv|parameters|params|options?|opts|flags|operands|rest|with|sub[_-]?commands?)$/i;
const programKeys = /^(program|executable|exe|binary|bin|tool)$/i;
/** What names a program in an object that is a command as a whole. */
const nameKeys = /^(name|file|path)$/i;
const environmentKeys = /^(?:env|environment|env[_-]?vars|variables)$/i;

/** What may stand behind the name of a command without being about something else: `cmd2`, `command_for_x`. */
const suffix =
  /(?:[_\s.-]?(?:v?\d+|args?|arguments|body|content|list|source|start|string|text|value)|(?<=(?:command|cmd)s?)[_\s-](?:for|to)[_\s-]\w{1,40})$/i;

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
/** Whether the name of a program stands under it, where the object is what stands under a key of commands. */
export const isNameKey = (name: string, outer: string) => nameKeys.test(name) && isCommandKey(outer);
/** Whether variables stand under it. */
export const isEnvironmentKey = (name: string) => environmentKeys.test(name);

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
