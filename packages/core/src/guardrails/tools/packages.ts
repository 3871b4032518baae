import type { BuiltInRule } from '../rules/index.ts';
import { optionsOf, report } from '../shell/invocation.ts';
import type { Tool } from './index.ts';
import { runText } from './shells.ts';

const scripts = /^(deploy|publish|release|ship)([:_-](prod(uction)?|all|live))?$/;
const isDry = (args: readonly string[]) =>
  args.some((arg) => /^--(dry-?run|snapshot|help)(=true)?$|^-n$|^-h$/.test(arg));

const npm: Tool = (call) => {
  const { operands, values } = optionsOf(call.args, 'CwF', [
    'prefix',
    'workspace',
    'filter',
    'registry',
    'tag',
    'access',
    'otp',
    'dir',
    'cwd',
    'script-shell',
  ]);
  const [verb = '', first = ''] = operands;
  // What runs the scripts from then on.
  const settings = [...(values.get('script-shell') ?? []), scriptShellOf(operands)];
  for (const shell of settings) if (shell !== undefined && /\s/.test(shell)) runText(call, shell, { own: true });
  if (isDry(call.args)) return;
  const npmOfYarn = verb === 'npm' ? first : verb;
  if (/^(publish|unpublish|deprecate)$/.test(npmOfYarn)) report(call, 'npm_publish');
  else if (/^(run|run-script)$/.test(verb) ? scripts.test(first) : scripts.test(verb)) report(call, 'deploy_script');
  else if (
    /^(owner|access|token|team|dist-tag)$/.test(npmOfYarn) &&
    /(^| )(add|rm|remove|set|revoke|create|grant)( |$)/.test(operands.slice(1).join(' '))
  )
    report(call, 'npm_publish');
  else if (verb === 'cache' || verb === 'store') return;
};

/** `npm config set script-shell x`, `npm set script-shell=x`. */
function scriptShellOf(operands: readonly string[]): string | undefined {
  const [verb, ...words] = operands[0] === 'config' || operands[0] === 'c' ? operands.slice(1) : operands;
  const [, value] = /^script-shell[= ](.+)$/s.exec(words.join(' ')) ?? [];
  return verb === 'set' ? value : undefined;
}

const publishes =
  (verbs: RegExp, rule: BuiltInRule = 'package_publish'): Tool =>
  (call) => {
    const words = call.args.filter((arg) => !arg.startsWith('-') && !arg.startsWith('+')).join(' ');
    if (verbs.test(words) && !isDry(call.args)) report(call, rule);
  };

const make: Tool = (call) => {
  if (isDry(call.args)) return;
  if (optionsOf(call.args, 'Cfj').operands.some((target) => scripts.test(target))) report(call, 'deploy_script');
  for (const arg of call.args) {
    const command = /^SHELL=(.+)$/s.exec(arg)?.[1];
    if (command) runText(call, command);
  }
};

export const packageTools: Record<string, Tool> = {
  npm,
  pnpm: npm,
  yarn: npm,
  bun: npm,
  lerna: publishes(/^publish/, 'npm_publish'),
  changeset: publishes(/^publish/, 'npm_publish'),
  np: (call) => (isDry(call.args) ? undefined : report(call, 'npm_publish')),
  'semantic-release': (call) => (isDry(call.args) ? undefined : report(call, 'npm_publish')),
  'release-it': (call) => (isDry(call.args) ? undefined : report(call, 'npm_publish')),
  nx: publishes(/^release/, 'npm_publish'),
  jsr: publishes(/^publish/),
  deno: publishes(/^publish/),
  cargo: publishes(/^(publish|yank|owner)/),
  twine: publishes(/^upload/),
  poetry: publishes(/^publish/),
  uv: publishes(/^publish/),
  flit: publishes(/^publish/),
  hatch: publishes(/^publish/),
  pdm: publishes(/^publish/),
  gem: publishes(/^(push|yank)/),
  mvn: publishes(/(^| )(deploy|release:perform)/),
  mvnw: publishes(/(^| )(deploy|release:perform)/),
  gradle: publishes(/(^| |:)(publish|uploadArchives)(\w*)/),
  gradlew: publishes(/(^| |:)(publish|uploadArchives)(\w*)/),
  sbt: publishes(/publish(Signed)?$/),
  dotnet: publishes(/^nuget (push|delete)/),
  nuget: publishes(/^(push|delete)/),
  goreleaser: publishes(/^release/),
  vsce: publishes(/^(publish|unpublish)/),
  ovsx: publishes(/^publish/),
  pod: publishes(/^trunk (push|delete)/),
  mix: publishes(/^hex\.publish/),
  rebar3: publishes(/^hex publish/),
  conan: publishes(/^upload/),
  clojure: publishes(/deploy/),
  lein: publishes(/^deploy/),
  fastlane: publishes(/(release|deploy|beta|production)/, 'deploy'),
  make,
  gmake: make,
  just: make,
  task: make,
  rake: (call) => (call.args.some((arg) => arg === 'release') ? report(call, 'package_publish') : undefined),
};
