"""ccgate-system asks gsettings, KDE's file and libproxy, the real ones."""

import os

from bed import expect, expect_in, write
from system_child import SystemChild, program_of

NOTHING, PAC_URL, PROXIES, DIRECT, DETECT, UNKNOWN, FAILED = range(7)


class Desktop:
    """A user's settings, in a folder of their own and without a session bus."""

    def __init__(self, world):
        self.world = world
        self.config = world.bed.fresh("desktop")
        self.env = {"GSETTINGS_BACKEND": "keyfile", "XDG_CONFIG_HOME": self.config}
        self.all = dict(world.bed.env, **self.env)

    def set(self, key, value):
        self._set("org.gnome.system.proxy", key, value)

    def set_of(self, scheme, key, value):
        self._set("org.gnome.system.proxy." + scheme, key, value)

    def _set(self, *words):
        self.world.bed.run("gsettings", "set", *words, env=self.all)

    def ask(self, url="https://www.example/", **variables):
        """A new process each time, as its environment is."""
        env = dict(self.env, **variables)
        with SystemChild(self.world.bed, program_of(self.world.beside), env) as child:
            return child.proxy(url)


def gnome(world):
    desktop = Desktop(world)
    desktop.set("autoconfig-url", "http://pac.example/it's.pac")
    got = desktop.ask(XDG_CURRENT_DESKTOP="GNOME")
    expect((got.kind, got.every_url), (UNKNOWN, True), "mode none, the default")
    desktop.set("mode", "auto")
    for now in ("ubuntu:GNOME", ""):
        got = desktop.ask(XDG_CURRENT_DESKTOP=now)
        expect((got.kind, got.text), (PAC_URL, "http://pac.example/it's.pac"), now)
        expect_in("GNOME", got.source, "the source")
    desktop.set("autoconfig-url", "")
    expect(desktop.ask().kind, DETECT, "mode auto without a URL")


def kde(world):
    desktop = Desktop(world)
    lines = "[Proxy Settings]\nProxyType=2\nProxy Config Script=http://kde.example/p\n"
    write(os.path.join(desktop.config, "kioslaverc"), lines)
    got = desktop.ask(XDG_CURRENT_DESKTOP="KDE")
    expect((got.kind, got.text), (PAC_URL, "http://kde.example/p"), got.source)


def libproxy(world):
    desktop = Desktop(world)
    got = desktop.ask()
    expect((got.kind, got.every_url), (UNKNOWN, True), "direct of libproxy")
    expect_in("libproxy 0.", got.source, "the source")
    desktop.set("mode", "manual")
    desktop.set("ignore-hosts", "['direct.example']")
    for scheme in ("http", "https"):
        desktop.set_of(scheme, "host", "proxy.example")
        desktop.set_of(scheme, "port", "3128")
    got = desktop.ask(XDG_CURRENT_DESKTOP="GNOME")
    expect((got.kind, got.text), (PROXIES, "http://proxy.example:3128"), got.source)
    expect(got.every_url, False, "manual settings differ by URL")
    got = desktop.ask("https://direct.example/", XDG_CURRENT_DESKTOP="GNOME")
    expect((got.kind, got.every_url), (DIRECT, False), got.source)
    expect(got.text, "ignore-hosts has direct.example", "why it is direct")


def without_plugin(world):
    """Of libproxy 0.4: what was entered by hand is not passed by."""
    desktop = Desktop(world)
    desktop.set("mode", "manual")
    desktop.set_of("https", "host", "proxy.example")
    desktop.set_of("https", "port", "3128")
    desktop.set("ignore-hosts", "['*.direct.example']")
    desktop.env["PX_MODULE_PATH"] = world.bed.fresh("modules")
    got = desktop.ask("https://a.direct.example/")
    expect((got.kind, got.every_url), (DIRECT, False), got.source)
    if "libproxy 0.5" in Desktop(world).ask().source:
        got = desktop.ask(XDG_CURRENT_DESKTOP="GNOME")
        expect((got.kind, got.text), (PROXIES, "http://proxy.example:3128"), got.source)
        return
    for now in ("GNOME", ""):
        got = desktop.ask(XDG_CURRENT_DESKTOP=now)
        expect(got.kind, FAILED, now)
        expect_in("libproxy1-plugin-gsettings", got.text, "what is missing")


def by_hand(world):
    """KDE's file is read without libproxy, too."""
    desktop = Desktop(world)
    path = os.path.join(desktop.config, "kioslaverc")
    lines = "[Proxy Settings]\nProxyType=1\nNoProxyFor=direct.example\n"
    write(path, lines)
    got = desktop.ask(XDG_CURRENT_DESKTOP="KDE")
    expect((got.kind, got.every_url), (FAILED, False), got.source)
    expect_in("httpsProxy", got.text, "what is missing")
    write(path, lines + "httpsProxy=http://proxy.example 3128\n")
    got = desktop.ask(XDG_CURRENT_DESKTOP="KDE")
    expect((got.kind, got.text), (PROXIES, "http://proxy.example:3128"), got.source)
    got = desktop.ask("https://direct.example/", XDG_CURRENT_DESKTOP="KDE")
    expect(got.kind, DIRECT, got.text)


def no_schema(world):
    """The real gsettings without the schema: nobody says anything, on no desktop."""
    desktop = Desktop(world)
    folder = world.bed.fresh("data")
    got = desktop.ask(XDG_CURRENT_DESKTOP="GNOME", XDG_DATA_DIRS=folder, LANG="de_DE.UTF-8")
    expect((got.kind, got.every_url), (UNKNOWN, True), got.text)


ALL = (gnome, kde, libproxy, without_plugin, by_hand, no_schema)
