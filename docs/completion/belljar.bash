# bash completion for belljar and piston                      -*- shell-script -*-
# SPDX-License-Identifier: Apache-2.0
# The flags are asked from belljar itself, so they are those of the version that is installed.

# Flags of a help page: what begins a line there with one or two dashes.
_belljar_flags() {
    "$1" help "$2" 2>/dev/null | sed -n \
        -e 's/^  \(-[a-zA-Z]\), \(--[a-z-]*\).*/\1 \2/p' \
        -e 's/^ \{1,\}\(--[a-z-]*\).*/\1/p'
}

_belljar_words() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

_belljar_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

# Of this machine: what a server has is asked for by no key press.
_belljar_languages() {
    _belljar_words "$(BELLJAR_URL='' "$1" runtimes 2>/dev/null | sed -n '2,$s/ .*//p')" "$2"
}

# Languages that can be installed, and sets.
_belljar_recipes() {
    _belljar_words "$("$1" pkg search 2>/dev/null | sed -n '2,$s,/.*,,p' | sort -u)
        $("$1" pkg sets 2>/dev/null | sed 's/ .*//')" "$2"
}

_belljar_installed() {
    _belljar_words "$("$1" pkg list 2>/dev/null | sed -n -e '/^$/q' -e '2,$s/ .*//p')" "$2"
}

_belljar_value() {
    local program=$1 flag=$2 current=$3
    case $flag in
    -l | --language) _belljar_languages "$program" "$current" ;;
    -f | --file | --key-file | --tests | --config | --judge0-conf | --data | --recipe | --prepare-dir | --sandbox-boxd | --runtimes-dir) _belljar_files "$current" ;;
    --require) _belljar_words "auto full limits none" "$current" ;;
    --cgroup) _belljar_words "auto v2 v1 none" "$current" ;;
    --log-level) _belljar_words "debug info warn error none" "$current" ;;
    --log-format) _belljar_words "logfmt json" "$current" ;;
    *) return 1 ;;
    esac
}

_belljar() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local program=${COMP_WORDS[0]} command=${COMP_WORDS[1]}
    local commands="run runtimes submit status watch cancel serve top ps db key doctor pkg ppman image prepare prove piston
        version help"
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _belljar_words "$commands" "$current"
        return
    fi
    case $command in
    piston)
        _piston_words 2
        return
        ;;
    help)
        _belljar_words "$commands options" "$current"
        return
        ;;
    key)
        if ((COMP_CWORD == 2)); then
            _belljar_words "add list revoke" "$current"
            return
        fi
        ;;
    pkg)
        if ((COMP_CWORD == 2)); then
            _belljar_words "add available export gc import info install lint list outdated pin remove search sets spec sync
                unpin upgrade verify" "$current"
            return
        fi
        [[ $current == -* ]] || case ${COMP_WORDS[2]} in
        available | install | info | search) _belljar_recipes "$program" "$current" && return ;;
        remove | upgrade | outdated | pin | unpin | verify) _belljar_installed "$program" "$current" && return ;;
        gc | list | sets) return ;;
        esac
        ;;
    ppman)
        if ((COMP_CWORD == 2)); then
            _belljar_words "install list spec uninstall" "$current"
            return
        fi
        [[ $current == -* ]] || case ${COMP_WORDS[2]} in
        install) _belljar_recipes "$program" "$current" && return ;;
        uninstall) _belljar_installed "$program" "$current" && return ;;
        esac
        ;;
    image)
        if ((COMP_CWORD == 2)); then
            _belljar_words "add import list pull remove" "$current"
            return
        fi
        ;;
    db)
        if ((COMP_CWORD == 2)); then
            _belljar_words "backup check vacuum export import purge" "$current"
            return
        fi
        ;;
    esac
    _belljar_value "$program" "$previous" "$current" && return
    case $command:$current in
    status:[!-]* | watch:[!-]* | cancel:[!-]* | status: | watch: | cancel:) return ;; # an id
    esac
    case $current in
    -*) _belljar_words "$(_belljar_flags "$program" "$command")" "$current" ;;
    *) _belljar_files "$current" ;;
    esac
}

# $1: which word is the first behind "piston".
_piston_words() {
    local current=${COMP_WORDS[COMP_CWORD]} first=${COMP_WORDS[$1]:-}
    if ((COMP_CWORD == $1)); then
        _belljar_words "run execute ppman pkg -u --piston-url --help --version" "$current"
    elif [[ $first == ppman || $first == pkg ]] && ((COMP_CWORD == $1 + 1)); then
        _belljar_words "list install uninstall spec" "$current"
    elif [[ $current == -* ]]; then
        _belljar_words "-l --language_version -i --stdin -r --run_timeout -c --compile_timeout -f --files -t
            --interactive -s --status -u --piston-url --help" "$current"
    else
        _belljar_files "$current"
    fi
}

_piston() {
    COMPREPLY=()
    _piston_words 1
}

complete -F _belljar belljar
complete -F _piston piston
