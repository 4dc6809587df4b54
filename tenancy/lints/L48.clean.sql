create schema lintbug_crm;
create role lintbug_janitor nologin;
create role lintbug_recorder nologin;
create table lintbug_crm.audit_log (tenant_id uuid, id uuid, body text, primary key (tenant_id, id));
alter table lintbug_crm.audit_log owner to lintbug_recorder;
grant select on lintbug_crm.audit_log to lintbug_janitor, public;
grant insert on lintbug_crm.audit_log to lintbug_janitor;
