/** Another way to write the same command; undefined where it would be another command. */
export type Transform = (text: string) => string | undefined;

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** A line of plain words: nothing that the shell would treat specially. */
const isPlain = (text: string) =>
  /^[\w./:@%+,=^~-]+( [\w./:@%+,=^~*-]+)*$/.test(text) && !/^(\w+=|coproc\b)/.test(text);

const wordsOf = (text: string) => text.split(' ');

const plainOnly =
  (transform: Transform): Transform =>
  (text) =>
    isPlain(text) ? transform(text) : undefined;

/** Of a program that is a file, and no builtin of the shell. */
const programOnly =
  (transform: Transform): Transform =>
  (text) =>
    isPlain(text) && !/^(source|\.|eval|alias|export|trap|exec|cd|history|help|set|\[|test|if|for|while)\b/.test(text)
      ? transform(text)
      : undefined;

const quotable = (word: string) => /^[\w./:@%+,=^-]+$/.test(word) && !word.startsWith('~');

/** Whole scripts inside other shells, blocks and pipes. */
const nesting: Record<string, Transform> = {
  'bash -c': (text) => `bash -c ${quoted(text)}`,
  'sh -c in bash -c': (text) => `bash -c ${quoted(`sh -c ${quoted(text)}`)}`,
  'combined options of bash': (text) => `/bin/bash -euxc ${quoted(text)}`,
  eval: (text) => `eval ${quoted(text)}`,
  'a subshell': (text) => `(\n${text}\n)`,
  'a group': (text) => `{\n${text}\n}`,
  'an if': (text) => `if true; then\n${text}\nfi`,
  'a loop': (text) => `for i in 1 2 3; do\n${text}\ndone`,
  'a function': (text) => `work() {\n${text}\n}\nwork`,
  'a substitution': (text) => (text.includes('<<') ? undefined : `echo "$(\n${text}\n)"`),
  'a heredoc for bash': (text) => `bash <<'END_OF_CASE'\n${text}\nEND_OF_CASE`,
  'a here-string': (text) => `bash <<< ${quoted(text)}`,
  'echo to sh': (text) => (/\\/.test(text) ? undefined : `printf '%s' ${quoted(text)} | sh`),
  'base64 to bash': (text) => `echo ${Buffer.from(text).toString('base64')} | base64 -d | bash`,
  'a variable': (text) =>
    /[$"'\\`*?~{<]/.test(text) || text.includes('\n') ? undefined : `CMD="${text}"\neval "$CMD"`,
  'a script file': (text) => `cat > /tmp/case.sh <<'END_OF_CASE'\n${text}\nEND_OF_CASE\nbash /tmp/case.sh`,
  'after another command': (text) => `npm test && {\n${text}\n}`,
  'in the background': (text) => (text.trimEnd().endsWith('&') || text.includes('<<') ? undefined : `${text} &\nwait`),
  'python, with a shell': (text) =>
    /[\\\n"]/.test(text) ? undefined : `python3 -c ${quoted(`import os; os.system("${text}")`)}`,
};

/** In front of a command. */
const wrapping: Record<string, Transform> = Object.fromEntries(
  [
    ...[
      'sudo',
      'sudo -u root',
      'sudo -E --',
      'env',
      'env A=1 B=2',
      'env -i PATH=/bin',
      'nohup',
      'time',
      'nice',
      'nice -n 5',
    ],
    ...[
      'timeout 5',
      'timeout -k 1s 10s',
      'command',
      'exec',
      'setsid',
      'stdbuf -oL',
      'ionice -c 3',
      'A=1 B="x y"',
      'sudo env A=1 nice',
    ],
  ].map((prefix) => [prefix, programOnly((text) => `${prefix} ${text}`)]),
);

const spelling: Record<string, Transform> = {
  'more space': plainOnly((text) => `  ${wordsOf(text).join('   ')}  `),
  tabs: plainOnly((text) => wordsOf(text).join('\t')),
  'lines that go on': plainOnly((text) => wordsOf(text).join(' \\\n  ')),
  'a comment': (text) => (text.includes('<<') ? undefined : `# look\n${text} # done`),
  'single quotes': plainOnly((text) =>
    wordsOf(text)
      .map((word) => (quotable(word) ? `'${word}'` : word))
      .join(' '),
  ),
  'double quotes': plainOnly((text) =>
    wordsOf(text)
      .map((word) => (quotable(word) ? `"${word}"` : word))
      .join(' '),
  ),
  'quotes inside words': plainOnly((text) =>
    wordsOf(text)
      .map((word) => (quotable(word) && word.length > 1 ? `${word[0]}''${word.slice(1)}` : word))
      .join(' '),
  ),
  'escaped letters': plainOnly((text) =>
    wordsOf(text)
      .map((word) => (/^[a-z]{2,}$/.test(word) ? `${word[0]}\\${word.slice(1)}` : word))
      .join(' '),
  ),
  'ANSI-C quotes': plainOnly((text) => {
    const [first = '', ...rest] = wordsOf(text);
    const hex = [...first].map((letter) => `\\x${letter.charCodeAt(0).toString(16)}`).join('');
    return quotable(first) ? [`$'${hex}'`, ...rest].join(' ') : undefined;
  }),
  'the path of the program': programOnly((text) => (/^[a-z][\w-]*( |$)/.test(text) ? `/usr/bin/${text}` : undefined)),
  'words in variables': plainOnly((text) => {
    const [first = '', second = '', ...rest] = wordsOf(text);
    return quotable(first) && quotable(second) && second !== ''
      ? `A=${first}; B=${second}; $A $B ${rest.join(' ')}`
      : undefined;
  }),
  'a decomposed accent nearby': (text) => (text.includes('<<') ? undefined : `echo e\u0301 > /dev/null\n${text}`),
  braces: plainOnly((text) => {
    const words = wordsOf(text);
    return words.length > 1 && words.every((word) => quotable(word) && !/[,{}*]/.test(word))
      ? `{${words.join(',')}}`
      : undefined;
  }),
};

const cyrillic: Record<string, string> = { a: 'а', c: 'с', e: 'е', i: 'і', o: 'о', p: 'р', s: 'ѕ', x: 'х', y: 'у' };

/** To a shell these are other commands: whoever pastes them, or is pasted to, means the plain ones. */
export const disguises: Record<string, Transform> = {
  'full-width letters': plainOnly((text) => {
    const [first = '', ...rest] = wordsOf(text);
    const wide = first.replace(/[a-z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0));
    return [wide, ...rest].join(' ');
  }),
  'Cyrillic letters': plainOnly((text) => {
    const [first = '', ...rest] = wordsOf(text);
    return [first.replace(/[aceiopsxy]/g, (letter) => cyrillic[letter] ?? letter), ...rest].join(' ');
  }),
  'characters without width': plainOnly((text) => text.replace(/(?<=\w)(?=\w)/, '\u200b')),
  'typographic dashes': plainOnly((text) =>
    text.replace(/ -(?=-?[a-z])/g, ' \u2010').replace(/\u2010-/g, '\u2010\u2010'),
  ),
  'spaces that do not break': plainOnly((text) => wordsOf(text).join('\u00a0')),
};

/** By name; the name says what the command is put into, or how it is written. */
export const transforms: Record<string, Transform> = { ...nesting, ...wrapping, ...spelling };
