/** What a fenced block holds, by the language that is named behind the fence. */
export type Fenced = 'shell' | 'sql' | 'text' | 'markdown' | 'other';

const shell =
  'sh bash shell zsh ksh mksh dash ash fish csh tcsh console terminal command commands cmd bat batch dos powershell pwsh ps ps1 shellscript shellsession session cli';
const sql =
  'sql psql postgres postgresql pgsql plpgsql plsql pl/sql tsql mssql mysql mariadb sqlite sqlite3 oracle duckdb cql bigquery snowflake';
const text = 'text txt plain plaintext none raw';
/** Documents, which hold blocks themselves. */
const markdown = 'markdown md mdx';

/** Languages whose blocks are no commands: code, data, and what programs have said. */
const other =
  'python py python3 pycon javascript js node jsx typescript ts tsx json json5 jsonc jsonl yaml yml toml ini conf cfg env dotenv properties xml html svg css scss less vue svelte go rust rs java kotlin kt scala groovy c h cpp c++ cc csharp cs fsharp swift dart ruby rb erb php perl pl lua r julia haskell hs elixir ex erlang clojure lisp scheme zig nim ocaml diff patch dockerfile docker makefile make cmake nix hcl terraform tf bicep proto protobuf graphql gql mermaid dot plantuml rst latex tex csv tsv log logs output stdout stderr http regex regexp vim viml awk sed cedar rego gitignore ignore tree stacktrace';

const known = new Map<string, Fenced>(
  Object.entries({ shell, sql, text, markdown, other }).flatMap(([fenced, names]) =>
    names.split(' ').map((name): [string, Fenced] => [name, fenced as Fenced]),
  ),
);

/** `bash-session`, `sh_session` and the like are what they begin with; what nobody knows is text. */
export function fencedBy(language: string): Fenced {
  const name = language.toLowerCase();
  return known.get(name) ?? known.get(name.replace(/[-_]?(session|script|interactive)$/, '')) ?? 'text';
}
