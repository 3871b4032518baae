import { has, type Invocation, optionsOf, report } from '../shell/invocation.ts';
import type { Stream } from '../shell/scope.ts';
import { judge, type Tool } from './index.ts';
import { restOf } from './runners.ts';

const runShort = 'aceehlmpuvwf';
const runLong = [
  'env',
  'env-file',
  'volume',
  'mount',
  'name',
  'network',
  'user',
  'workdir',
  'entrypoint',
  'publish',
  'label',
  'platform',
  'memory',
  'cpus',
  'hostname',
  'add-host',
  'restart',
  'file',
  'project-name',
  'index',
  'profile',
  'project-directory',
];

const docker: Tool = (call): Stream | undefined => {
  const words = restOf(call.args, 'Hlfpc', [
    'host',
    'context',
    'config',
    'log-level',
    'file',
    'project-name',
    'profile',
    'env-file',
    'project-directory',
  ]);
  const [verb = '', ...args] = words;
  if (verb === 'compose') return compose({ ...call, args });
  const [sub = ''] = args.filter((arg) => !arg.startsWith('-'));
  const options = optionsOf(args, runShort, runLong);
  const rule = ruleOf(verb, sub, options.flags, args);
  if (rule) report(call, rule);
  if (verb === 'exec' || verb === 'run' || (verb === 'container' && /^(exec|run)$/.test(sub))) {
    const rest = restOf(verb === 'container' ? args.slice(1) : args, runShort, runLong);
    const [, ...command] = rest;
    const entry = options.values.get('entrypoint')?.[0];
    const fields = entry ? [entry, ...command] : command;
    if (fields.length > 0) return judge(fields, { ...call, isContained: true });
  }
};

function ruleOf(verb: string, sub: string, flags: ReadonlySet<string>, args: readonly string[]) {
  if (verb === 'push' || ((verb === 'image' || verb === 'manifest') && sub === 'push')) return 'docker_push';
  if (
    (verb === 'build' || verb === 'buildx' || verb === 'builder' || verb === 'bake') &&
    (flags.has('push') || args.some((arg) => /type=registry|push=true/.test(arg)))
  )
    return 'docker_push';
  if (verb === 'volume' && /^(rm|remove|prune)$/.test(sub)) return 'container_data_loss';
  if (verb === 'system' && sub === 'prune')
    return flags.has('volumes') || flags.has('a') || flags.has('all') ? 'container_data_loss' : 'container_removal';
  if (verb === 'system' && sub === 'reset') return 'container_data_loss';
  if (/^(rm|rmi)$/.test(verb)) return flags.has('v') && verb === 'rm' ? 'container_data_loss' : 'container_removal';
  if (/^(container|image|network|builder|buildx)$/.test(verb) && /^(rm|remove|prune)$/.test(sub))
    return 'container_removal';
  if (/^(stack|service|secret|config|node)$/.test(verb) && /^(rm|remove)$/.test(sub)) return 'cluster_change';
  if (verb === 'swarm' && sub === 'leave') return 'cluster_change';
  if (/^(stack|service)$/.test(verb) && /^(deploy|update|scale|rollback)$/.test(sub)) return 'cluster_change';
  return undefined;
}

const compose: Tool = (call): Stream | undefined => {
  const words = restOf(call.args, 'fp', [
    'file',
    'project-name',
    'profile',
    'env-file',
    'project-directory',
    'ansi',
    'progress',
  ]);
  const [verb = '', ...args] = words;
  const options = optionsOf(args, runShort.replace('v', ''), runLong);
  if (verb === 'down' && has(options, 'v', 'volumes')) report(call, 'container_data_loss');
  else if (verb === 'rm' && options.flags.has('v')) report(call, 'container_data_loss');
  else if (verb === 'push') report(call, 'docker_push');
  if (verb !== 'exec' && verb !== 'run') return;
  const [, ...command] = restOf(args, verb === 'run' ? 'eupvwl' : 'euw', runLong);
  if (command.length > 0) return judge(command, { ...call, isContained: true });
};

const image: Tool = (call: Invocation) => {
  if (/^(push|copy|sync)$/.test(call.args[0] ?? '')) report(call, 'docker_push');
};

export const containerTools: Record<string, Tool> = {
  docker,
  podman: docker,
  nerdctl: docker,
  'docker-compose': compose,
  'podman-compose': compose,
  skopeo: image,
  crane: image,
  buildah: image,
  ko: (call) => (/^(publish|apply|resolve)$/.test(call.args[0] ?? '') ? report(call, 'docker_push') : undefined),
};
