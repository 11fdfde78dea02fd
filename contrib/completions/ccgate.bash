# ccgate.bash: completion for bash. Verbs and options are those of the installed ccgate.

_ccgate()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb='' w
    COMPREPLY=()
    for w in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $w in
        -*) ;;
        run | env | check-config | dump-config | route | status | reload | stop | auth | ca | import | \
            help | version)
            verb=$w
            break
            ;;
        esac
    done
    case $before in
    auth)
        mapfile -t COMPREPLY < <(compgen -W 'rearm set status test' -- "$word")
        return
        ;;
    ca)
        mapfile -t COMPREPLY < <(compgen -W 'build check fetch import install list remove status uninstall watch' -- "$word")
        return
        ;;
    --shell)
        mapfile -t COMPREPLY < <(compgen -W 'sh fish pwsh systemd docker json claude' -- "$word")
        return
        ;;
    --config | --file | --*-file | --*-ca | --roots | --pidfile | --*-dir | --log-to)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    esac
    case $word in
    -*)
        mapfile -t COMPREPLY < <(compgen -W "$(ccgate help "${verb:-run}" 2>/dev/null |
            sed -n -e '/^  --\[no-\]/{h; s/^  --\[no-\]\([a-z-]*\).*/--no-\1/p; g; }' \
                -e 's/^  \(-[a-zA-Z], \)\{0,1\}--\(\[no-\]\)\{0,1\}\([a-z-]*\).*/--\3/p')" -- "$word")
        ;;
    *)
        if [[ $verb == run ]]; then
            mapfile -t COMPREPLY < <(compgen -c -- "$word")
            return
        fi
        if [[ $verb == import || $verb == ca ]]; then
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
        fi
        [[ -n $verb && $verb != help ]] || mapfile -t COMPREPLY < <(compgen -W \
            'run env check-config dump-config route status reload stop auth ca import help version' \
            -- "$word")
        ;;
    esac
}
complete -F _ccgate ccgate
