-- A sweeper that looks without locking and gives back by id: meanwhile, somebody else may have claimed the task.
select faults.plant('coord._return_lapsed_claims', 'for update of t skip locked', '');
select faults.plant('coord._return_task', ' and t.status = ''claimed''', '');
