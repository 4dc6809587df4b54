update tenancy.attestation set attested_at = '2000-01-01', hash = repeat('0', 64);
create schema lintbug_crm;
create table lintbug_crm.forgotten (tenant_id uuid, id uuid, primary key (tenant_id, id));
