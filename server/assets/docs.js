// Starts Scalar (scalar.js, loaded after this) in #api. Why so, and why not simpler: docs/decisions/0005-api-page.md

// Zod would try `new Function` to see whether it may, which the page's policy reports as a violation.
globalThis.__zod_globalConfig = { jitless: true };

// The editor draws its two fold marks from constant SVG text; no other text may become HTML outside of Vue.
globalThis.trustedTypes?.createPolicy('default', {
  createHTML: (text) => (/^<svg [\w\s=":./-]+><path [\w\s=":./-]+\/?><\/svg>$/.test(text) ? text : null),
});

addEventListener('DOMContentLoaded', async () => {
  const element = document.getElementById('api');
  try {
    const { url, here } = element.dataset;
    const content = arrange(await load(url), url, here !== undefined);
    const { createApiReference } = globalThis.Scalar;
    element.replaceChildren();
    new MutationObserver(() => nameButtons(element)).observe(element, { childList: true, subtree: true });
    createApiReference(element, {
      content,
      customFetch: send,
      agent: { disabled: true },
      mcp: { disabled: true },
      telemetry: false,
      withDefaultFonts: false,
      hideClientButton: true,
      showDeveloperTools: 'never',
      documentDownloadType: 'none',
      persistAuth: false,
      theme: 'none',
      defaultOpenAllTags: true,
    });
  } catch (error) {
    const status = element.querySelector('[role=status]');
    if (status) status.textContent = 'This page could not be loaded. Reload it to try again.';
    throw error;
  }
});

async function load(url) {
  const response = await fetch(url, { credentials: 'omit' });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response.json();
}

/** Fits the document to what Scalar reads: it shows groups by tag, and knows no servers of a path. */
function arrange(description, url, here) {
  const { info, paths } = description;
  info.description ??= [
    'Beside each route stands the permission that it needs. A request from this page goes to the address that the page',
    `is at, with the token that is typed in and without your cookies. All of this as a file: [${url}](${url}).`,
  ].join(' ');
  if (here) description.servers = [{ url: location.origin }];
  for (const [path, { servers, ...operations }] of Object.entries(paths)) {
    for (const operation of Object.values(operations)) {
      if (servers) Object.assign(operation, { servers, 'x-scalar-selected-server': servers[0].url });
      operation.tags ??= [groupOf(path)];
      operation['x-badges'] ??= [{ name: operation['x-permission'] }];
    }
    paths[path] = operations;
  }
  return description;
}

/** Names the group of a path: `Api keys` of /v1/api-keys/{id}. */
function groupOf(path) {
  const [version, first] = path.slice(1).split('/');
  const word = version === 'v1' ? first.replaceAll('-', ' ') : 'service';
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** Names the buttons that Scalar leaves without a name for those who hear the page. */
function nameButtons(element) {
  for (const button of element.querySelectorAll('.scalar-code-copy:not([aria-label])')) button.ariaLabel = 'Copy';
}

/** Sends to this origin and no other, by what was typed in alone. */
async function send(input, init) {
  const request = new Request(input, init);
  const { origin } = new URL(request.url);
  if (origin !== location.origin) throw new Error(`This is served at ${origin}: open ${origin}/docs to try it.`);
  return fetch(request, { credentials: 'omit' });
}
