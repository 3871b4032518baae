import { has, type Invocation, optionsOf, report } from '../shell/invocation.ts';

/** Judges `git push`: by its options, and by `+ref`, `:ref` among its refspecs. */
export function gitPush(call: Invocation): undefined {
  const options = optionsOf(call.args, 'o', ['push-option', 'repo', 'receive-pack', 'exec', 'recurse-submodules']);
  // Git takes long options cut short, but not where that could mean --force-with-lease.
  const forced = options.flags.has('f') || options.flags.has('force');
  const [, ...refspecs] = options.operands;
  const [first = ''] = options.operands;
  const refs = first.startsWith('+') || /^:./.test(first) ? options.operands : refspecs;
  if (forced || has(options, 'mirror') || refs.some((ref) => ref.startsWith('+'))) report(call, 'force_push');
  if (has(options, 'delete', 'd', 'prune') || refs.some((ref) => /^:[^:]/.test(ref.replace(/^\+/, '')))) {
    report(call, refs.some((ref) => /refs\/tags\//.test(ref)) ? 'tag_deletion' : 'branch_deletion');
  }
  if (options.flags.has('no-verify')) report(call, 'skip_hooks');
}
