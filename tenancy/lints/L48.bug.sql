create schema lintbug_crm;
create role lintbug_janitor nologin;
create table lintbug_crm.audit_log (tenant_id uuid, id uuid, body text, primary key (tenant_id, id));
grant update (body), delete on lintbug_crm.audit_log to lintbug_janitor;
grant insert on lintbug_crm.audit_log to public;
