import { rulesOf } from './rule.ts';

export const gitRules = rulesOf('git', {
  force_push: [
    'block',
    3,
    'It overwrites what others have pushed.',
    'Use `git push --force-with-lease` on a branch of your own, or push a new branch.',
  ],
  hard_reset: [
    'block',
    3,
    'It throws away uncommitted changes, also those of others in this working copy.',
    'Use `git stash`, or `git reset --keep` or `--soft`.',
  ],
  git_clean: [
    'block',
    3,
    'It deletes files that are not in git, for good.',
    'Look with `git clean -n`, then delete what you made yourself by name.',
  ],
  discard_changes: [
    'block',
    3,
    'It throws away every uncommitted change, also those of others in this working copy.',
    'Restore the files that you changed yourself, by name, or use `git stash`.',
  ],
  discard_file_changes: [
    'warn',
    3,
    'It throws away uncommitted changes of these files.',
    'Make sure that you hold their lock and that the changes are yours.',
  ],
  stash_drop: ['block', 3, 'It deletes stashed changes for good.', 'Use `git stash apply`, and leave the stash.'],
  branch_deletion: ['warn', 3, 'It deletes a branch.', 'Make sure that it is merged and that nobody works on it.'],
  branch_move: [
    'warn',
    3,
    'It moves a branch, so that commits may no longer be in it.',
    'Make sure that nobody works on it; a new branch or `git revert` loses nothing.',
  ],
  tag_deletion: ['warn', 3, 'It deletes a tag.', 'Make sure that nobody releases from it.'],
  history_rewrite: [
    'block',
    3,
    'It rewrites or forgets history that could not be brought back.',
    'Make a new commit that undoes the old one: `git revert`.',
  ],
  skip_hooks: ['warn', 3, 'It skips the checks of this repository.', 'Repair what the hook complains of.'],
  worktree_removal: ['warn', 3, 'It removes a working copy with whatever is not committed.', 'Commit there first.'],
  repository_deletion: ['block', 4, 'It deletes or hides a whole repository.', 'Ask a person who owns it.'],
});
