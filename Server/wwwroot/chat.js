const $ = id => document.getElementById(id);
const longest = 2_000;
const nearTheEnd = 200;
let unread = 0;

/** `say(text)` sends, and rejects with what to tell; `announce(text)` reads a line out while the panel is closed. */
export function startChat({ say, announce }) {
  $('chatter').addEventListener('click', () => toggle());
  $('chat-close').addEventListener('click', () => toggle(false));
  $('chat').addEventListener('keydown', event => { if (event.key === 'Escape') toggle(false); });
  $('words').addEventListener('input', () => hint());
  $('composer').addEventListener('submit', async event => {
    event.preventDefault();
    const text = $('words').value.trim();
    if (!text) return;
    try {
      await say(text);
      $('words').value = '';
      hint();
    } catch (error) {
      hint(error);
    }
  });

  function toggle(open = $('chat').hidden) {
    $('chat').hidden = !open;
    $('call').classList.toggle('chatting', open);
    $('chatter').setAttribute('aria-expanded', open);
    if (open) count(0);
    (open ? $('words') : $('chatter')).focus();
    $('lines').scrollTop = $('lines').scrollHeight;
  }

  return {
    toggle,
    clear() {
      $('lines').replaceChildren($('lines').firstElementChild);
      $('chat').hidden = true;
      $('call').classList.remove('chatting');
      $('chatter').setAttribute('aria-expanded', false);
      count(0);
    },
    add({ username, text, timestamp, isHistory }, own) {
      $('lines').append(username ? line(username === own ? 'You' : username, text, timestamp) : notice(text));
      $('lines').scrollTop = $('lines').scrollHeight;
      if (!username || isHistory || username === own || !$('chat').hidden) return;
      count(unread + 1);
      announce(`${username}: ${text}`);
    },
  };
}

function count(number) {
  unread = number;
  $('unread').hidden = !unread;
  $('unread').textContent = unread > 9 ? '9+' : unread;
  $('chatter').setAttribute('aria-label', unread ? `Chat, ${unread} unread` : 'Chat');
}

function hint(problem = '') {
  const { value } = $('words');
  const left = longest - value.length;
  const command = value.startsWith('/') && 'This goes to the server as a command. /help tells which there are.';
  $('words-hint').textContent = problem || command || (left < nearTheEnd ? `${left} characters left` : '');
}

function line(name, text, timestamp) {
  const item = Object.assign(document.createElement('div'), { className: 'line' });
  const who = Object.assign(document.createElement('b'), { textContent: name });
  const at = new Date(timestamp);
  const time = at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  who.append(Object.assign(document.createElement('time'), { dateTime: timestamp, textContent: time }));
  item.append(who, ...linked(text));
  return item;
}

function notice(text) {
  return Object.assign(document.createElement('p'), { className: 'notice', textContent: text });
}

function linked(text) {
  return text.split(/(https:\/\/[^\s<>"]+)/).map((part, index) =>
    index % 2 ? Object.assign(document.createElement('a'), { href: part, textContent: part, target: '_blank', rel: 'noopener noreferrer' }) : part);
}
