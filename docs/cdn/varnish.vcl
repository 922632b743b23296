# What `vendor = "varnish"` says to Varnish, understood. Include it after the backends:
#
#     include "/etc/varnish/pentimento.vcl";
#
# xkey is in Debian's varnish-modules. Without it leave the lines with xkey out, and `tags` in [[cdn]] too.

import std;
import purge;
import xkey;

# Where the node with the control role comes from.
acl pentimento {
    "127.0.0.1";
    "::1";
}

sub vcl_recv {
    if (req.method == "PURGE" || req.method == "BAN") {
        if (client.ip !~ pentimento) {
            return (synth(403, "Not from here"));
        }
        if (req.method == "PURGE" && req.http.xkey) {
            return (synth(200, "Purged " + xkey.purge(req.http.xkey)));
        }
        if (req.method == "PURGE" && req.http.xkey-softpurge) {
            return (synth(200, "Purged softly " + xkey.softpurge(req.http.xkey-softpurge)));
        }
        if (req.method == "PURGE") {
            return (hash);
        }
        if (!req.http.x-ban-url) {
            return (synth(400, "What is to be banned?"));
        }
        # By what the response carries, so that the lurker can work through the list.
        if (req.http.x-ban-host) {
            if (!std.ban("obj.http.x-ban-host == " + req.http.x-ban-host + " && obj.http.x-ban-url ~ " + req.http.x-ban-url)) {
                return (synth(400, std.ban_error()));
            }
        } else if (!std.ban("obj.http.x-ban-url ~ " + req.http.x-ban-url)) {
            return (synth(400, std.ban_error()));
        }
        return (synth(200, "Banned"));
    }
}

sub pentimento_purge {
    if (req.http.x-purge-soft) {
        set req.http.x-purged = purge.soft(0s);
    } else {
        set req.http.x-purged = purge.hard();
    }
    return (synth(200, "Purged " + req.http.x-purged));
}

sub vcl_hit {
    if (req.method == "PURGE") {
        call pentimento_purge;
    }
}

sub vcl_miss {
    if (req.method == "PURGE") {
        call pentimento_purge;
    }
}

sub vcl_backend_response {
    set beresp.http.x-ban-url = bereq.url;
    set beresp.http.x-ban-host = bereq.http.host;
}

sub vcl_deliver {
    unset resp.http.x-ban-url;
    unset resp.http.x-ban-host;
    unset resp.http.xkey;
}
