// What the bench measures inside a window of the app: when inputs have been answered and painted.

(() => {
  // The time after the next frame has been painted.
  const painted = () =>
    new Promise((resolve) => {
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => resolve(performance.now());
        port2.postMessage(null);
      });
    });

  const appModule = (path) => {
    const base = document.querySelector("script[type=module]").src.replace("main.js", "");
    return import(base + path);
  };

  // The keystroke that is being answered.
  let current = null;
  let settle = () => undefined;

  const phone = {
    // Milliseconds since the navigation until the first input was painted.
    firstInput: null,
    samples: [],

    // Measure from now on each key, from its event until the results of all searches that it started are painted.
    async follow() {
      const { device } = await appModule("shell/device.js");
      const send = device._send;
      device._send = function (method, args) {
        const answer = send.call(this, method, args);
        const key = current;
        // A sync makes the screen ask again, too: with what was in the field before, or once more.
        if (!["search", "searchAll"].includes(method) || !key || key.answered || args[1] !== key.query) return answer;
        key.pending += 1;
        key.asked ??= performance.now();
        const done = () => {
          key.pending -= 1;
          if (key.pending || key.answered) return;
          key.answered = performance.now();
          painted().then((at) => {
            const { query } = key;
            const syncing = Boolean(device.activity?.syncing);
            phone.samples.push({ query, total: at - key.at, device: key.answered - key.asked, syncing });
            current = null;
            settle();
          });
        };
        answer.then(done, done);
        return answer;
      };
    },

    // Wait until the last key has been answered.
    settled() {
      return current ? new Promise((resolve) => { settle = resolve; }) : true;
    },

    // Wait until the replica is complete and verified; return what it has.
    async complete() {
      const { device } = await appModule("shell/device.js");
      const longest = watchInput();
      const began = performance.now();
      return new Promise((resolve) => {
        const look = async () => {
          const { complete, verified, records } = await device.call.status();
          if (!complete || !verified || device.activity.syncing) return;
          end();
          const rows = Object.values(records).reduce((sum, count) => sum + count, 0);
          resolve({ milliseconds: performance.now() - began, rows, longestWithoutInput: longest() });
        };
        const end = device.subscribe(look);
        look();
      });
    },

    // Type *query* as soon as the search field is there; return when its results were painted, since the navigation.
    async firstSearch(query) {
      const field = await appears("input[type=search]");
      await painted();
      const usable = performance.now();
      field.value = query;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      await appears("main ul.rows a");
      return { usable, found: await painted() };
    },
  };

  // Return the longest time for which this window could not have answered an input.
  function watchInput() {
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      longest = Math.max(longest, now - last - 4);
      last = now;
    }, 4);
    return () => {
      clearInterval(timer);
      return longest;
    };
  }

  function appears(selector) {
    return new Promise((resolve) => {
      const look = () => {
        const found = document.querySelector(selector);
        if (found) {
          observer.disconnect();
          resolve(found);
        }
      };
      const observer = new MutationObserver(look);
      observer.observe(document, { childList: true, subtree: true });
      look();
    });
  }

  const begin = (event) => {
    if (current || event.target.type !== "search") return;
    current = { at: event.timeStamp, pending: 0 };
  };
  // A character of an input method comes without a key.
  addEventListener("keydown", begin, { capture: true });
  addEventListener("beforeinput", begin, { capture: true });
  addEventListener(
    "input",
    (event) => {
      if (current) current.query = event.target.value;
      if (phone.firstInput === null) {
        phone.firstInput = 0;
        painted().then((at) => {
          phone.firstInput = at;
        });
      }
    },
    { capture: true },
  );
  globalThis.phone = phone;
})();
