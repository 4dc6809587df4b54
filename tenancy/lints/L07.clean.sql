create schema lintbug_s;
create table lintbug_s.whole (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
select tenancy.guard('lintbug_s.whole');
create table lintbug_s.parts (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
create policy f1 on lintbug_s.parts as restrictive for select using (tenant_id = (select tenancy.current_tenant()));
create policy f2 on lintbug_s.parts as restrictive for insert with check (tenant_id = (select tenancy.current_tenant()));
create policy f3 on lintbug_s.parts as restrictive for update using (tenant_id = (select tenancy.current_tenant()));
create policy f4 on lintbug_s.parts as restrictive for delete using (tenant_id = (select tenancy.current_tenant()));
