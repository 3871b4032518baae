import { rulesOf } from './rule.ts';

export const databaseRules = rulesOf('database', {
  drop_table: ['block', 4, 'It drops a table with all its rows.', 'Write a migration and have it reviewed.'],
  truncate: ['block', 4, 'It deletes all rows of a table.', 'Delete by condition, inside a transaction.'],
  drop_database: ['block', 4, 'It drops a whole database or schema.', 'Ask a person, and have a backup.'],
  database_reset: [
    'block',
    4,
    'It throws a database away and makes it anew.',
    'Use a database that is yours alone, or ask a person.',
  ],
  delete_without_condition: [
    'block',
    3,
    'It deletes all rows: the condition is missing or always true.',
    'Say which rows, with a WHERE on a column.',
  ],
  update_without_condition: [
    'block',
    3,
    'It changes all rows: the condition is missing or always true.',
    'Say which rows, with a WHERE on a column.',
  ],
  drop_column: ['block', 3, 'It drops a column with all its values.', 'Write a migration and have it reviewed.'],
  drop_object: ['warn', 3, 'It drops a view, index, function or another object.', 'Write a migration instead.'],
  drop_role: ['block', 3, 'It removes a database user or all that it owns.', 'Ask an administrator of the database.'],
  row_security_off: ['warn', 3, 'It takes row-level security off a table.', 'Change the policy instead.'],
});
