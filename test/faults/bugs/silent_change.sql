-- One of ten changes has no row in the journal.
select faults.plant('coord._leave', 'if p_resource is not null then', 'if p_resource is not null and random() > 0.1 then');
