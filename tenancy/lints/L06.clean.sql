create schema lintbug_s;
create table lintbug_s.explicit (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
alter table lintbug_s.explicit enable row level security, force row level security;
create policy tenant_isolation on lintbug_s.explicit using (tenant_id = (select tenancy.current_tenant()))
  with check (tenant_id = (select tenancy.writing_tenant()));
create policy fence on lintbug_s.explicit as restrictive for delete using (tenant_id = (select tenancy.writing_tenant()));
create policy peek on lintbug_s.explicit as restrictive for select using (tenant_id is not null);
