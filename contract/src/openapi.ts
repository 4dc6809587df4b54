import { z } from 'zod';
import { company, companyCreate, companyPatch, contact, contactCreate, contactPatch } from './crm.ts';
import { companyPage, contactPage } from './crm-routes.ts';
import { idempotencyKey } from './headers.ts';
import { type Code, problem, problems } from './problem.ts';
import type { Route } from './route.ts';
import { routes } from './routes.ts';
import { onboardingRequest, tenant } from './tenant.ts';
import { tenantPage } from './tenant-routes.ts';

/** Where an installation is reached; without `port` the scheme's own. */
export type OpenApiOptions = { version: string; baseDomain: string; scheme?: 'http' | 'https'; port?: number };

type Json = Record<string, unknown>;

const inputs = { CompanyCreate: companyCreate, CompanyPatch: companyPatch, ContactCreate: contactCreate };
const components = {
  input: { ...inputs, ContactPatch: contactPatch, OnboardingRequest: onboardingRequest },
  output: {
    Company: company,
    CompanyPage: companyPage,
    Contact: contact,
    ContactPage: contactPage,
    Problem: problem,
    Tenant: tenant,
    TenantPage: tenantPage,
  },
} as const;

/** Builds the OpenAPI 3.1 document of all routes. Equal options give equal text. */
export function openapi({ version, baseDomain, scheme = 'https', port }: OpenApiOptions): Json {
  const authority = port === undefined ? baseDomain : `${baseDomain}:${port}`;
  const servers = (host: Route['host']) =>
    host === 'operator' || host === 'id' ? { servers: [{ url: `${scheme}://${host}.${authority}` }] } : {};
  const paths: Record<string, Json> = {};
  for (const [key, route] of Object.entries<Route>(routes)) {
    const [method = '', path = ''] = key.split(' ');
    paths[path] ??= servers(route.host);
    paths[path][method.toLowerCase()] = operation(method, path, route);
  }
  return {
    openapi: '3.1.1',
    info: { title: 'BusinessOS', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [
      {
        url: `${scheme}://{tenant}.${authority}`,
        variables: { tenant: { default: 'api', description: 'The slug of a tenant, or api with its token alone.' } },
      },
    ],
    security: [{ bearer: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An access token (JWT), or an API key (`bosk_…`).' },
        session: { type: 'apiKey', in: 'cookie', name: '__Host-bos', description: 'A browser at a tenant’s host.' },
        login: { type: 'apiKey', in: 'cookie', name: '__Host-bos-id', description: 'A browser at the host `id`.' },
      },
      schemas: Object.fromEntries(
        (['input', 'output'] as const).flatMap((io) =>
          Object.entries(components[io]).map(([name, schema]) => [name, schemaOf(schema, io)]),
        ),
      ),
    },
  };
}

function operation(method: string, path: string, route: Route): Json {
  const { ok } = route;
  return {
    operationId: operationId(method, path),
    summary: route.summary,
    tags: [tagOf(route)],
    ...securityOf(route),
    'x-permission': route.permission,
    parameters: [
      ...parameters(route.params, 'path'),
      ...parameters(route.query, 'query'),
      ...(route.key ? [header('Idempotency-Key', route.key === 'required', schemaOf(idempotencyKey, 'input'))] : []),
      // A missing If-Match has its own answer, 428, so it is needed.
      ...(route.version ? [header('If-Match', true, { type: 'string', pattern: '^"[1-9][0-9]{0,8}"$' })] : []),
    ],
    ...(route.body ? { requestBody: { required: true, content: json(refer(route.body, 'input')) } } : {}),
    responses: {
      ...Object.fromEntries(
        [ok.status, ...(ok.also ? [ok.also] : [])].map((status) => [
          status,
          {
            description: route.summary,
            ...(ok.etag
              ? { headers: { ETag: { description: 'Version in quotes.', schema: { type: 'string' } } } }
              : {}),
            ...(ok.schema ? { content: json(refer(ok.schema, 'output')) } : {}),
          },
        ]),
      ),
      ...failures(route.problems),
    },
  };
}

/** Under which heading an operation stands. */
function tagOf({ host, permission }: Route): string {
  if (host === 'operator') return 'Operators';
  if (host === 'id') return permission === 'login' ? 'Your sign-ins' : 'Getting in';
  if (host === 'any') return 'Service';
  return permission.startsWith('crm.') ? 'CRM' : 'This business';
}

function securityOf({ permission, host }: Route): Json {
  if (permission === 'public') return { security: [] };
  if (permission === 'login') return { security: [{ login: [] }] };
  return host === 'operator' ? { security: [{ bearer: [] }] } : {};
}

/** Groups the codes of a route by status, because OpenAPI has one response for each status. */
function failures(codes: readonly Code[]): Record<string, Json> {
  const byStatus = new Map<number, Code[]>();
  for (const code of new Set(codes)) {
    const { status } = problems[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, list]) => [
      status,
      {
        description: list.map((code) => `${code}: ${problems[code].title}.`).join(' '),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}

function parameters(schema: z.ZodType | undefined, place: 'path' | 'query'): Json[] {
  if (!schema) return [];
  const { properties = {} } = schemaOf(schema, 'input') as { properties?: Record<string, Json> };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path',
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

function header(name: string, required: boolean, schema: Json): Json {
  return { name, in: 'header', required, schema };
}

function json(schema: Json): Json {
  return { 'application/json': { schema } };
}

function nameOf(schema: unknown, io: 'input' | 'output'): string | undefined {
  return Object.entries<unknown>(components[io]).find(([, one]) => one === schema)?.[0];
}

function refer(schema: z.ZodType, io: 'input' | 'output'): Json {
  const name = nameOf(schema, io);
  return name ? { $ref: `#/components/schemas/${name}` } : schemaOf(schema, io);
}

/** Requests are closed, because unknown fields are refused; answers stay open, so that a field can be added. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'throw',
    override: ({ zodSchema, jsonSchema, path }) => {
      const name = path.length > 0 ? nameOf(zodSchema, io) : undefined;
      if (name) {
        for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
        jsonSchema.$ref = `#/components/schemas/${name}`;
      }
      if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      // The pattern is a calendar of 300 characters and says no more than the format.
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
    },
  }) as Json;
  return rest;
}

/** Makes `patchContactsById` of `PATCH /v1/contacts/{id}`: a name that stays as long as the route does. */
function operationId(method: string, path: string): string {
  const words = path.split(/[/.]/).filter((part) => part !== '' && part !== 'v1');
  const named = words.map((part) => {
    const bare = part.replace(/[{}]/g, '');
    const word = `${bare.charAt(0).toUpperCase()}${bare.slice(1)}`;
    return part === bare ? word : `By${word}`;
  });
  return method.toLowerCase() + named.join('');
}
