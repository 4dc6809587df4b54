import { type Finding, readLints } from '@businessos/tenancy/admin';

const LEVEL = { error: 'error', warning: 'warning', info: 'note' } as const;

/** Findings as a SARIF 2.1.0 log (OASIS), one rule a lint. */
export function sarif(findings: readonly Finding[]): unknown {
  return {
    version: '2.1.0',
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    runs: [
      {
        tool: {
          driver: {
            name: 'bos check',
            rules: readLints().map(({ id, title, why }) => ({
              id,
              shortDescription: { text: title },
              fullDescription: { text: why },
            })),
          },
        },
        results: findings.map(({ id, severity, object, detail, fix }) => ({
          ruleId: id,
          level: LEVEL[severity],
          message: { text: `${object}: ${detail}` },
          locations: [{ logicalLocations: [{ fullyQualifiedName: object }] }],
          properties: { fix },
        })),
      },
    ],
  };
}
