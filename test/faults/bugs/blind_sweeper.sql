-- A sweeper that looks without locking and gives back by id: meanwhile, somebody else may have claimed the task.
select faults.plant('coord._return_lapsed_claims', 'for update of t, p skip locked', '');
select faults.plant('coord._return_claims', ' and c.token = t.claim_token', '');
select faults.plant('coord._return_claims', ' and t.status = ''claimed''
      order by', '
      order by');
select faults.plant('coord._return_claims', ' and t.claim_token = e.claim_token and t.status = ''claimed''', '');
