import { rulesOf } from './rule.ts';

export const fileRules = rulesOf('file', {
  recursive_delete_root: [
    'block',
    4,
    'It deletes the file system, a home folder, or what lies above the working copy.',
    'Name exactly the folder inside the repository that has to go.',
  ],
  recursive_delete: [
    'block',
    3,
    'It deletes folders with all that is in them.',
    'Use `git rm`, or delete by name the files that you made; for more, ask for approval.',
  ],
  generated_files_delete: [
    'warn',
    2,
    'It deletes what can be made again, such as build output or temporary files.',
    'Make sure that nobody else is building here.',
  ],
  find_delete: ['warn', 3, 'It deletes whatever a search finds.', 'Run the search alone first and read the list.'],
  wide_delete: ['warn', 3, 'It deletes all files that a pattern matches.', 'List them first, and name them.'],
  recursive_permissions: [
    'warn',
    3,
    'It changes the rights or the owner of a whole tree.',
    'Change the files that need it, by name.',
  ],
  open_permissions: [
    'block',
    3,
    'It takes the protection off a whole tree, or off files of the system.',
    'Give the least right that is needed, to the files that need it.',
  ],
  system_file_write: [
    'block',
    4,
    'It changes files of the operating system.',
    'Keep changes inside the repository; for the machine, ask a person.',
  ],
  file_destruction: ['block', 3, 'It overwrites files so that nobody can bring them back.', 'Use `git rm`.'],
});
