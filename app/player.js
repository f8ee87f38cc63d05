// The chosen file as a player of the browser's own: one element for video and for sound, so that the timeline always
// finds it. Called by Gradio with the chosen file (or null); gives back the player's HTML.
(file) => {
  if (!file || !file.url) return "";
  // Leaves no quote and no angle bracket in the address.
  const url = new URL(file.url, document.baseURI).href.replaceAll('"', "%22").replaceAll("<", "%3C");
  return `<div class="player"><video id="clip-player" src="${url}" controls playsinline preload="metadata"
    aria-label="Your clip"
    onloadedmetadata="this.parentElement.classList.remove('is-broken');
      this.parentElement.classList.toggle('is-sound', !this.videoWidth)"
    onerror="this.parentElement.classList.add('is-broken')"></video>
    <p id="clip-now" class="player-now" aria-hidden="true"></p>
    <p class="player-broken">Your browser cannot play this kind of file. It can be analysed all the same.</p></div>`;
}
