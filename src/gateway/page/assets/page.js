// What the page does beyond reading and sending forms, which work without it: clocks, news, and one press only.

/** As `countedDown` of src/views/blocks.ts, which the server uses. */
function countedDown(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 100) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

function tick() {
  const now = Date.now();
  for (const clock of document.querySelectorAll('[data-since]'))
    clock.textContent = countedDown(now - Date.parse(clock.dataset.since));
  for (const clock of document.querySelectorAll('[data-until]'))
    clock.textContent = countedDown(Date.parse(clock.dataset.until) - now);
  for (const bar of document.querySelectorAll('progress[data-began]'))
    bar.value = Math.min(bar.max, now - Date.parse(bar.dataset.began));
}

/** A dangerous button stays off until its word is typed; the server looks again. */
function watchConfirmation(form) {
  const word = form.querySelector('[data-confirm]');
  const button = form.querySelector('button');
  if (word === null || button === null) return;
  const look = () => {
    button.disabled = word.value.trim() !== word.dataset.confirm;
  };
  word.addEventListener('input', look);
  look();
}

function enliven(part) {
  for (const form of part.querySelectorAll('form[data-form]')) watchConfirmation(form);
}

/** What a reader opened and typed, so that a section can be replaced under their hands. */
function stateOf(section) {
  const opened = new Map();
  for (const each of section.querySelectorAll('details[data-key]')) opened.set(each.dataset.key, each.open);
  const typed = new Map();
  for (const field of section.querySelectorAll('textarea[id], input[id]')) typed.set(field.id, field.value);
  return {
    opened,
    typed,
    focused: section.contains(document.activeElement) ? document.activeElement.id : '',
  };
}

function restore(section, { opened, typed, focused }) {
  for (const each of section.querySelectorAll('details[data-key]')) {
    const open = opened.get(each.dataset.key);
    if (open !== undefined) each.open = open;
  }
  for (const field of section.querySelectorAll('textarea[id], input[id]')) {
    const value = typed.get(field.id);
    if (value !== undefined) field.value = value;
  }
  if (focused !== '') document.getElementById(focused)?.focus();
}

function replace({ id, version, markup }) {
  const section = document.getElementById(id);
  if (section === null || section.dataset.version === version) return;
  const state = stateOf(section);
  section.innerHTML = markup;
  section.dataset.version = version;
  restore(section, state);
  enliven(section);
  const title = section.querySelector('[data-title]');
  if (title !== null) document.title = title.dataset.title;
  tick();
}

function follow(path) {
  const live = document.getElementById('live');
  const say = (words, kind) => {
    if (live.textContent === words) return;
    live.textContent = words;
    live.className = kind;
  };
  const news = new EventSource(path);
  news.addEventListener('open', () => say('live', 'on'));
  news.addEventListener('section', (event) => replace(JSON.parse(event.data)));
  news.addEventListener('error', () =>
    say(
      news.readyState === EventSource.CLOSED
        ? 'not live: load the page again'
        : 'connection lost, trying again',
      'off',
    ),
  );
}

document.addEventListener('submit', (event) => {
  const button = event.target.querySelector('button');
  // After this, or the browser would not send the form.
  setTimeout(() => {
    button.disabled = true;
    button.setAttribute('aria-busy', 'true');
  });
});
// Back from another page, as it was left.
window.addEventListener('pageshow', (event) => {
  if (event.persisted) window.location.reload();
});

enliven(document);
tick();
setInterval(tick, 1000);
if (document.body.dataset.events !== undefined) follow(document.body.dataset.events);
