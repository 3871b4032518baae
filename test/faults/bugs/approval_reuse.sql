-- An approval that does not notice that it has been used.
select faults.plant('coord.use_approval', 'and a.used_at is null ', '');
