update tenancy.attestation set attested_at = now();
create temp table lintbug_scratch (id int);
