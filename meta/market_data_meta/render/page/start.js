// The theme, the address and the start of the page.
const root = document.documentElement;
const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches);

function setUpTheme() {
  try {
    const chosen = localStorage.getItem('theme');
    if (chosen === 'dark' || chosen === 'light') root.dataset.theme = chosen;
  } catch { /* a page that may not remember follows the system */ }
  const labelButton = () => { $('theme').textContent = isDark() ? 'Light theme' : 'Dark theme'; };
  $('theme').addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    labelButton();
    try { localStorage.setItem('theme', root.dataset.theme); } catch { /* as above */ }
  });
  labelButton();
}

function followAddress() {
  let id = location.hash.slice(1);
  try { id = decodeURIComponent(id); } catch { /* not encoded, so taken as it is */ }
  const versions = versionsOfCellId(id);
  if (id.startsWith('deploy=') || versions) {
    if (versions) askAbout(versions);
    else answerAddress(id.slice('deploy='.length));
    $('deploy').scrollIntoView({ block: 'start' });
  } else if (id.startsWith('clause-')) openClause(id.slice('clause-'.length));
  else if (id.startsWith('defect-')) openDefect(id.slice('defect-'.length));
  else if (id.startsWith('release-')) openRelease(id);
  else if (id.startsWith('capability-')) choose(id.slice('capability-'.length));
}

setUpTheme();
showFacts();
showFirstScreen();
showDays();
showDeployForm();
showClauses();
choose('');
addEventListener('hashchange', followAddress);
// A second click on what the address already names opens it again.
document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[href^="#"]');
  if (link && link.getAttribute('href') === location.hash) followAddress();
});
followAddress();
